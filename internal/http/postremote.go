package http

// postRemoteHandlers change what is published, and make posts in bulk.
func (s *Server) postRemoteHandlers() map[string]handler {
	return map[string]handler{}
}
