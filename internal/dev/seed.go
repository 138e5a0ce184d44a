package dev

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"posthorn/internal/accounts"
	"posthorn/internal/app"
	"posthorn/internal/auth"
	"posthorn/internal/errs"
	"posthorn/internal/platforms"
	"posthorn/internal/platforms/farside"
	"posthorn/internal/postgres"
)

// seeded is what there is to begin with.
type seeded struct {
	key, keyB string
	accounts  []accounts.Account
}

// seed makes, or finds from the last run, an owner with a key, a profile and an account for each that the fakes hold, and a second
// owner with a key and nothing else.
func seed(ctx context.Context, a *app.App, fakes map[string]farside.Server, log zerolog.Logger) (s seeded, err error) {
	defer errs.Wrap(&err, "cannot prepare the data to begin with")
	if s.key, err = apiKey(a.Config, a.Config.DevKey, keyFile); err != nil {
		return s, err
	}
	if s.keyB, err = apiKey(a.Config, a.Config.DevKeyB, keyBFile); err != nil {
		return s, err
	}
	remote := remoteAccounts(ctx, a, fakes, log)
	var ownerID string
	err = postgres.InTx(ctx, a.Pool, func(tx pgx.Tx) error {
		var profile string
		if ownerID, profile, err = seedOwner(ctx, tx, a, "Sandbox", s.key); err != nil {
			return err
		}
		if _, _, err := seedOwner(ctx, tx, a, "Sandbox B", s.keyB); err != nil {
			return err
		}
		for _, r := range remote {
			if _, err := a.Accounts.Connect(ctx, tx, ownerID, profile, r.platform, r.account, r.token); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s, err
	}
	s.accounts, _, err = a.Accounts.List(ctx, auth.Root(ownerID), accounts.Filter{Status: "connected"})
	return s, err
}

func seedOwner(ctx context.Context, tx pgx.Tx, a *app.App, name, key string) (ownerID, profileID string, err error) {
	if ownerID, _, err = a.Auth.EnsureOwner(ctx, tx, name); err != nil {
		return "", "", err
	}
	if err := a.Auth.StoreKey(ctx, tx, ownerID, "dev", key); err != nil {
		return "", "", err
	}
	profileID, err = a.Accounts.EnsureDefaultProfile(ctx, tx, ownerID)
	return ownerID, profileID, err
}

type remoteAccount struct {
	platform string
	account  platforms.Account
	token    platforms.Token
}

// remoteAccounts are the accounts that the fakes hold. Where a platform is connected by credentials, the real way is taken; a gateway
// of the user's own that does not know them gets the fake's token instead.
func remoteAccounts(ctx context.Context, a *app.App, fakes map[string]farside.Server, log zerolog.Logger) []remoteAccount {
	names := make([]string, 0, len(fakes))
	for name := range fakes {
		names = append(names, name)
	}
	sort.Strings(names)
	var list []remoteAccount
	for _, name := range names {
		p, _ := a.Platforms.Get(name)
		for _, f := range fakes[name].Accounts() {
			r := remoteAccount{name, accountOf(f), tokenOf(f)}
			if connector, ok := p.(platforms.CredentialConnector); ok {
				token, found, err := connector.Login(ctx, a.Accounts.Visitor(name), map[string]platforms.Secret{
					"identifier": platforms.NewSecret(f.Login), "password": platforms.NewSecret(f.Password)})
				if err == nil && len(found) == 1 {
					r.account, r.token = found[0], token
				} else {
					log.Warn().Err(err).Str("platform", name).Str("login", f.Login).Msg("could not log in to the sandbox account; it keeps the token it has")
				}
			}
			list = append(list, r)
		}
	}
	return list
}

func accountOf(f farside.Account) platforms.Account {
	a := platforms.Account{RemoteID: f.RemoteID, Username: f.Username, DisplayName: f.DisplayName, PictureURL: f.PictureURL, ProfileURL: f.ProfileURL, GrantedBy: f.GrantedBy}
	if len(f.Data) > 0 {
		data, err := json.Marshal(f.Data)
		if err != nil {
			panic(fmt.Sprintf("dev: the data of the sandbox account %s is not JSON: %v", f.Username, err))
		}
		a.Data = data
	}
	return a
}

func tokenOf(f farside.Account) platforms.Token {
	return platforms.Token{Access: platforms.NewSecret(f.Access), Refresh: platforms.NewSecret(f.Refresh), ExpiresAt: f.ExpiresAt}
}
