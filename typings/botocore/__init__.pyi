# botocore has no types of its own. These are of the parts that we use.
