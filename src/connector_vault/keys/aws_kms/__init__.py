"""A key in AWS KMS, which never leaves it: `aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID`."""

from connector_vault.keys.aws_kms.address import policy
from connector_vault.keys.aws_kms.holder import AwsKms

__all__ = ["AwsKms", "policy"]
