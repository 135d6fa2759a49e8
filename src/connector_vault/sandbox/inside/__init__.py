"""What runs on the other side: a zygote that forks workers, and a worker that runs tools."""
