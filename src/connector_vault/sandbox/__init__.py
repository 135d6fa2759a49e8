"""Running tools in processes that can be ended, and that never hold a token.

box                      the whole of it, for the gateway
nursery, pool, process   workers: where they come from, who has them, how they are asked and ended
broker, files            what a worker is let through to: an account's egress, a caller's files
frames, level            what both sides say to each other, and how far a worker was isolated
inside/                  the programs on the other side

Nothing is imported here: a worker imports parts of this package, and must not have the others in
its memory.
"""
