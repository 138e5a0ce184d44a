package http

// queueHandlers keep queues.
func (s *Server) queueHandlers() map[string]handler {
	return map[string]handler{}
}
