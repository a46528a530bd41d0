"""Progress to browsers: WebSocket, server-sent events, and the pages that show them."""
