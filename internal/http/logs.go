package http

import (
	"net/http"
	"net/url"

	"posthorn/internal/http/wire"
	"posthorn/internal/logs"
)

// listLogs searches the log. Its two other paths differ in what they show unless a type is named.
func (s *Server) listLogs(otherwise logs.Type) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, err := s.logFilter(r.URL.Query(), otherwise)
		if err != nil {
			return err
		}
		page, err := s.cfg.Logs.List(r.Context(), principalOf(r), f)
		if err != nil {
			return err
		}
		s.write(w, r, http.StatusOK, wire.LogList{Logs: logEntries(page.Entries), Pagination: logPagination(page, f)})
		return nil
	}
}

// logFilter reads the query of listLogs, which fits openapi.yaml already.
func (s *Server) logFilter(q url.Values, otherwise logs.Type) (logs.Filter, error) {
	f := logs.Filter{
		Type: logs.Type(orElse(q.Get("type"), string(otherwise))), Status: logs.Status(idFilter(q.Get("status"))), Platform: idFilter(q.Get("platform")),
		Action: q.Get("action"), Search: q.Get("search"), AccountID: either(q, "accountId", "account_id"), Event: q.Get("event"),
		RequestID: either(q, "requestId", "request_id"), KeyID: either(q, "apiKeyId", "api_key_id"), StatusCode: number(q, "statusCode", number(q, "status_code", 0)),
		Days: number(q, "days", logs.MaxDays), ReadReceipts: isTrue(either(q, "includeReadReceipts", "include_read_receipts")),
		Limit: number(q, "limit", 50), Offset: number(q, "skip", 0),
	}
	if f.Type == "all" {
		f.Type = ""
	}
	if err := s.knownPlatform(f.Platform); err != nil {
		return f, err
	}
	var err error
	if f.From, err = dateOf(q, "from", "from", false); err != nil {
		return f, err
	}
	f.To, err = dateOf(q, "to", "to", true)
	return f, err
}

// either is a parameter that has two names.
func either(q url.Values, name, alias string) string { return orElse(q.Get(name), q.Get(alias)) }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// isTrue reads a boolean that was validated.
func isTrue(s string) bool { return s == "true" }

func logPagination(page logs.Page, f logs.Filter) wire.LogPagination {
	return wire.LogPagination{Total: page.Total, Limit: f.Limit, Skip: f.Offset, Pages: (page.Total + f.Limit - 1) / f.Limit, HasMore: page.More}
}

func logEntries(list []logs.Entry) []wire.LogEntry {
	out := make([]wire.LogEntry, 0, len(list))
	for _, e := range list {
		out = append(out, wire.LogEntry{
			ID: e.ID, Type: string(e.Type), Action: e.Action, UserID: orElse(e.UserID, e.OwnerID), Platform: e.Platform, AccountID: e.AccountID, Status: string(e.Status),
			StatusCode: e.StatusCode, ErrorMessage: e.ErrorMessage, ErrorCode: e.ErrorCode, DurationMs: e.Duration.Milliseconds(), Endpoint: e.Endpoint,
			RequestBody: e.RequestBody, ResponseBody: e.ResponseBody, CreatedAt: wire.At(&e.At), Metadata: logMetadata(e), RequestID: e.RequestID, APIKeyID: e.KeyID,
			Event: e.Event, Method: e.Method, Path: e.Path, IPAddress: e.IPAddress, UserAgent: e.UserAgent,
		})
	}
	return out
}

// logMetadata is the JSON of what the contract has no field for.
func logMetadata(e logs.Entry) string {
	meta := map[string]any{}
	for name, value := range e.Details() {
		meta[name] = value
	}
	for name, value := range map[string]string{"postId": e.PostID, "targetId": e.TargetID} {
		if value != "" {
			meta[name] = value
		}
	}
	if len(meta) == 0 {
		return ""
	}
	text, err := encode(meta)
	if err != nil {
		return "" // what came out of JSON encodes
	}
	return string(text[:len(text)-1]) // without the encoder's line break
}
