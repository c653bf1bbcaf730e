package server

// ClientAddress is clientAddress, for tests.
var ClientAddress = (*Server).clientAddress
