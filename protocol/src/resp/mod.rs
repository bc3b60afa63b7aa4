//! RESP2 and RESP3: requests as a server reads them, replies as a client reads them, and writers for both.
