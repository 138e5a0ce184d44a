package http

import (
	"context"
	"fmt"
	"net/http"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
	"posthorn/internal/id"
	"posthorn/internal/webhooks"
)

// Webhooks is the domain of webhooks.
type Webhooks interface {
	List(ctx context.Context, by auth.Principal) ([]webhooks.Endpoint, error)
	Create(ctx context.Context, by auth.Principal, c webhooks.Change) (webhooks.Endpoint, error)
	Update(ctx context.Context, by auth.Principal, endpointID string, c webhooks.Change) (webhooks.Endpoint, error)
	Delete(ctx context.Context, by auth.Principal, endpointID string) error
	Deliveries
	EventLog
}

// Deliveries tells of attempts to deliver, and makes some when asked to.
type Deliveries interface {
	Test(ctx context.Context, by auth.Principal, endpointID string) (webhooks.Attempt, error)
	Log(ctx context.Context, by auth.Principal, f webhooks.LogFilter) (list []webhooks.Attempt, total int, err error)
	Redeliver(ctx context.Context, by auth.Principal, endpointID, eventID string) (webhooks.Attempt, error)
}

func (s *Server) webhookHandlers() map[string]handler {
	return map[string]handler{
		"getWebhookSettings":    s.listWebhooks,
		"createWebhookSettings": s.createWebhook,
		"updateWebhookSettings": s.updateWebhook,
		"deleteWebhookSettings": s.deleteWebhook,
		"testWebhook":           s.testWebhook,
		"getWebhookLogs":        s.listWebhookLogs,
		"redeliverWebhookEvent": s.redeliverWebhook,
		"listEvents":            s.listEvents,
		"streamEvents":          s.streamEvents,
	}
}

func (s *Server) listWebhooks(w http.ResponseWriter, r *http.Request) error {
	list, err := s.cfg.Webhooks.List(r.Context(), principalOf(r))
	if err != nil {
		return err
	}
	out := wire.WebhookList{Webhooks: make([]wire.Webhook, 0, len(list))}
	for _, e := range list {
		e.Secret = ""
		out.Webhooks = append(out.Webhooks, webhook(e))
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func (s *Server) createWebhook(w http.ResponseWriter, r *http.Request) error {
	var in wire.CreateWebhookRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	c := webhooks.Change{Name: &in.Name, URL: &in.URL, Events: &in.Events, Secret: &in.Secret, Active: in.IsActive}
	return s.changeWebhook(w, r, c, in.CustomHeaders, in.DisabledResourceGroups, in.ProfileIds, in.AccountIds, func(c webhooks.Change) (webhooks.Endpoint, error) {
		return s.cfg.Webhooks.Create(r.Context(), principalOf(r), c)
	})
}

func (s *Server) updateWebhook(w http.ResponseWriter, r *http.Request) error {
	var in wire.UpdateWebhookRequest
	if err := decode(r, &in); err != nil {
		return err
	}
	if in.WebhookID == "" {
		in.WebhookID = in.ID
	}
	if in.WebhookID == "" {
		return &errs.Error{Code: errs.Invalid, Wire: codeMissing, Field: "webhookId", Message: "webhookId is required"}
	}
	c := webhooks.Change{Name: in.Name, URL: in.URL, Secret: in.Secret, Active: in.IsActive}
	if in.Events != nil {
		c.Events = &in.Events
	}
	return s.changeWebhook(w, r, c, in.CustomHeaders, in.DisabledResourceGroups, in.ProfileIds, in.AccountIds, func(c webhooks.Change) (webhooks.Endpoint, error) {
		return s.cfg.Webhooks.Update(r.Context(), principalOf(r), in.WebhookID, c)
	})
}

// changeWebhook is what making and changing have in common: what is absent stays as it is, and filters name what is the caller's own.
func (s *Server) changeWebhook(w http.ResponseWriter, r *http.Request, c webhooks.Change, headers map[string]string, groups, profiles, accountIDs []string,
	change func(webhooks.Change) (webhooks.Endpoint, error)) error {
	if err := s.ownProfiles(r, profiles); err != nil {
		return err
	}
	if err := s.ownAccounts(r, accountIDs); err != nil {
		return err
	}
	if headers != nil {
		c.Headers = &headers
	}
	if groups != nil {
		c.DisabledGroups = &groups
	}
	if profiles != nil {
		c.ProfileIDs = &profiles
	}
	if accountIDs != nil {
		c.AccountIDs = &accountIDs
	}
	e, err := change(c)
	if err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.WebhookReply{Success: true, Webhook: webhook(e)})
	return nil
}

func (s *Server) deleteWebhook(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	endpointID := q.Get("webhookId")
	if endpointID == "" {
		endpointID = q.Get("id")
	}
	if !id.Valid(endpointID) {
		return &errs.Error{Code: errs.Invalid, Wire: codeMissing, Field: "webhookId", Message: "webhookId must name the webhook to remove"}
	}
	if err := s.cfg.Webhooks.Delete(r.Context(), principalOf(r), endpointID); err != nil {
		return err
	}
	s.write(w, r, http.StatusOK, wire.Success{Success: true})
	return nil
}

func (s *Server) testWebhook(w http.ResponseWriter, r *http.Request) error {
	var in struct{ WebhookID string }
	if err := decode(r, &in); err != nil {
		return err
	}
	got, err := s.cfg.Webhooks.Test(r.Context(), principalOf(r), in.WebhookID)
	if err != nil {
		return err
	}
	s.tellAttempt(w, r, got, "Test webhook sent successfully", http.StatusInternalServerError)
	return nil
}

func (s *Server) redeliverWebhook(w http.ResponseWriter, r *http.Request) error {
	var in struct{ WebhookID, EventID string }
	if err := decode(r, &in); err != nil {
		return err
	}
	got, err := s.cfg.Webhooks.Redeliver(r.Context(), principalOf(r), in.WebhookID, in.EventID)
	if errs.CodeOf(err) == errs.Conflict {
		return &statusError{status: http.StatusUnprocessableEntity, err: errs.As(err)}
	}
	if err != nil {
		return err
	}
	s.tellAttempt(w, r, got, "Event delivered again", http.StatusBadGateway)
	return nil
}

// tellAttempt answers with what came of an attempt that the caller asked for.
func (s *Server) tellAttempt(w http.ResponseWriter, r *http.Request, a webhooks.Attempt, done string, failed int) {
	if a.Succeeded {
		s.write(w, r, http.StatusOK, wire.WebhookResult{Success: true, Message: done, StatusCode: a.StatusCode})
		return
	}
	s.write(w, r, failed, wire.WebhookResult{Message: fmt.Sprintf("The webhook was not taken: %s", a.Error), StatusCode: a.StatusCode})
}

func (s *Server) listWebhookLogs(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	f := webhooks.LogFilter{Status: q.Get("status"), Event: q.Get("event"), EndpointID: q.Get("webhookId"), EventID: q.Get("eventId"),
		Limit: number(q, "limit", 50), Skip: number(q, "skip", 0)}
	list, total, err := s.cfg.Webhooks.Log(r.Context(), principalOf(r), f)
	if err != nil {
		return err
	}
	out := wire.WebhookLogs{Logs: make([]wire.WebhookLog, 0, len(list)), Pagination: skipPagination(f.Limit, f.Skip, total)}
	for _, a := range list {
		line := wire.WebhookLog{UserID: a.OwnerID, WebhookID: a.EndpointID, WebhookName: a.EndpointName, EventID: a.EventID, Event: a.Event, URL: a.URL, Status: "failed",
			StatusCode: a.StatusCode, RequestPayload: a.Payload, ResponseBody: a.Response, ErrorMessage: a.Error, AttemptNumber: a.Number, ResponseTime: a.TookMs,
			CreatedAt: wire.At(&a.CreatedAt)}
		if a.Succeeded {
			line.Status = "success"
		}
		out.Logs = append(out.Logs, line)
	}
	s.write(w, r, http.StatusOK, out)
	return nil
}

func webhook(e webhooks.Endpoint) wire.Webhook {
	return wire.Webhook{ID: e.ID, Name: e.Name, URL: e.URL, Secret: e.Secret, OldSecretUntil: wire.At(e.OldSecretUntil), Events: e.Events, IsActive: e.Active,
		DisabledReason: e.DisabledReason, LastFiredAt: wire.At(e.LastFiredAt), FailureCount: e.FailureCount, CustomHeaders: e.Headers,
		DisabledResourceGroups: e.DisabledGroups, ProfileIds: e.ProfileIDs, AccountIds: e.AccountIDs}
}
