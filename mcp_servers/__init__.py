"""MCP servers: an owner's connected accounts, for any MCP client."""
