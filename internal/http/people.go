package http

// peopleHandlers keep users, invitations and API keys.
func (s *Server) peopleHandlers() map[string]handler {
	return map[string]handler{}
}
