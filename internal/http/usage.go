package http

// usageHandlers tell logs, usage and billing.
func (s *Server) usageHandlers() map[string]handler {
	return map[string]handler{}
}
