//! The sound of calls, as the vendor sends it: it connects to us by WebSocket, and signs that it is it.
