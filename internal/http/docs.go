package http

// docsHandlers show the documentation.
func (s *Server) docsHandlers() map[string]handler {
	return map[string]handler{}
}
