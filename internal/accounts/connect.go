package accounts

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/logs"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
)

// ConnectCredentials connects the account that a user's credentials open, within one of the owner's profiles (empty: the default one).
// What the platform refuses is Invalid or Unauthorized with its words; a platform that cannot be reached is Unavailable.
func (s *Service) ConnectCredentials(ctx context.Context, by auth.Principal, profileID, platform string, fields map[string]platforms.Secret) (a Account, err error) {
	defer errs.Wrap(&err, "accounts.ConnectCredentials(%s)", platform)
	p, ok := s.Platforms.Get(platform)
	connector, can := p.(platforms.CredentialConnector)
	if !ok || !can {
		return Account{}, &errs.Error{Code: errs.Invalid, Wire: "platform_not_supported", Field: "platform", Message: "this platform is not connected by credentials"}
	}
	if profileID != "" && !id.Valid(profileID) {
		return Account{}, profileNotFound()
	}
	token, found, err := connector.Login(logs.With(ctx, logs.About{OwnerID: by.OwnerID, UserID: by.UserID, KeyID: by.KeyID}), s.Visitor(platform), fields)
	if err != nil {
		return Account{}, loginError(platform, err)
	}
	if len(found) != 1 {
		return Account{}, errs.New(errs.Internal, "%s gave %d accounts for one login", platform, len(found))
	}
	return s.ConnectAs(ctx, by, profileID, platform, found[0], token, nil)
}

// ConnectAs connects an account that a login has opened for somebody, within a profile of theirs (empty: the default one). first, unless it is nil,
// runs in the same transaction, before anything else; its error ends it.
func (s *Service) ConnectAs(ctx context.Context, by auth.Principal, profileID, platform string, remote platforms.Account, token platforms.Token, first func(pgx.Tx) error) (a Account, err error) {
	defer errs.Wrap(&err, "accounts.ConnectAs(%s)", platform)
	var accountID string
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		if first != nil {
			if err := first(tx); err != nil {
				return err
			}
		}
		into, err := s.profileFor(ctx, tx, by, profileID)
		if err != nil {
			return err
		}
		if err := mayReconnect(ctx, tx, by, platform, remote.RemoteID); err != nil {
			return err
		}
		accountID, err = s.Connect(ctx, tx, by.OwnerID, into, platform, remote, token)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	if a, err = s.byID(ctx, accountID); err == nil {
		s.LogConnection(ctx, a, logs.AccountConnected)
	}
	return a, err
}

// MayConnectTo is NotFound for a profile that is not there, or that the principal does not reach.
func (s *Service) MayConnectTo(ctx context.Context, by auth.Principal, profileID string) error {
	if !id.Valid(profileID) {
		return profileNotFound()
	}
	return postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		_, err := s.profileFor(ctx, tx, by, profileID)
		return err
	})
}

// profileFor is the profile that is to get an account, empty standing for the default one. It cannot be deleted before tx ends.
func (s *Service) profileFor(ctx context.Context, tx pgx.Tx, by auth.Principal, profileID string) (string, error) {
	if profileID == "" {
		var err error
		if profileID, err = s.EnsureDefaultProfile(ctx, tx, by.OwnerID); err != nil {
			return "", err
		}
	}
	if !by.Reaches(profileID) {
		return "", profileNotFound()
	}
	err := tx.QueryRow(ctx, `select id from profiles where owner_id = $1 and id = $2 for key share`, by.OwnerID, profileID).Scan(&profileID)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", profileNotFound()
	}
	return profileID, err
}

// mayReconnect keeps a principal of some profiles from taking an account out of a profile that it does not reach.
func mayReconnect(ctx context.Context, tx pgx.Tx, by auth.Principal, platform, remoteID string) error {
	if !by.Scoped() {
		return nil
	}
	var profileID string
	err := tx.QueryRow(ctx, `select profile_id from accounts where owner_id = $1 and platform = $2 and remote_id = $3 for no key update`, by.OwnerID, platform, remoteID).Scan(&profileID)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err == nil && !by.Reaches(profileID):
		return &errs.Error{Code: errs.Forbidden, Rule: "key.scoped", Message: "This account is connected to a profile that this API key does not reach"}
	default:
		return err
	}
}

// loginError renders a platform's refusal for the user who typed the credentials.
func loginError(platform string, err error) error {
	e := platforms.AsError(err)
	message := e.Message
	if e.Remediation != "" {
		message += ". " + e.Remediation
	}
	out := &errs.Error{Code: errs.Invalid, Message: message, Err: err, Rule: e.Rule, Remedy: e.Remediation, Details: map[string]any{"platform": platform}}
	switch e.Kind {
	case platforms.Unauthorized, platforms.TokenExpired:
		out.Code, out.Wire = errs.Unauthorized, "invalid_credentials"
	case platforms.RateLimited:
		out.Code = errs.Limited
		if !e.Reset.IsZero() {
			out.Details["resetAt"] = e.Reset
		}
	case platforms.Rejected, platforms.Duplicate:
		out.Details["status"], out.Details["code"] = e.Status, e.Code
	default:
		out.Code, out.Wire = errs.Unavailable, "platform_api_error"
		out.Message = "The platform could not be reached, try again: " + message
	}
	return out
}
