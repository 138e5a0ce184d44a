package accounts

import (
	"context"
	"encoding/json"

	"posthorn/internal/logs"
)

// LogConnection notes in the owner's log that an account was connected, disconnected or lost: the action is one of logs.Account...
// It is called once that is stored.
func (s *Service) LogConnection(ctx context.Context, a Account, action string) {
	now := s.Now()
	about := logs.Of(ctx)
	about.Type, about.Action, about.OwnerID, about.Platform, about.AccountID = logs.Connections, action, a.OwnerID, a.Platform, a.ID
	e := logs.Entry{About: about, At: now, Status: logs.Success}
	if action == logs.AccountLost {
		e.Status, e.ErrorCode, e.ErrorMessage = logs.Failed, "account.needs_reconnection", "the platform no longer takes the account's token; connect the account again"
	}
	e.Metadata, _ = json.Marshal(map[string]string{"username": a.Username, "profileId": a.ProfileID}) // texts always encode
	s.Logs.Add(e)
}
