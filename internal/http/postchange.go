package http

// postChangeHandlers change posts.
func (s *Server) postChangeHandlers() map[string]handler {
	return map[string]handler{}
}
