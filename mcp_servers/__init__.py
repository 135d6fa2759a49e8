"""MCP servers: an owner's connected accounts, for any MCP client.

gateway     the server, over stdio
tools       what an owner can call, listed and called
offers      the gateway's offers as MCP tools
outcomes    results and errors, for a model to read
stdin       what the client says, line by line
messages    a line as the SDK can take it, or why it is refused
"""
