package http

// toolHandlers validate without publishing.
func (s *Server) toolHandlers() map[string]handler {
	return map[string]handler{}
}
