package server

// ClientAddress is clientAddress, for tests.
var ClientAddress = (*Server).clientAddress

// Origin is where a browser reached the server.
var Origin = (*Server).origin
