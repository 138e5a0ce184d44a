package auth

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
	"posthorn/internal/id"
	"posthorn/internal/platforms"
	"posthorn/internal/postgres"
)

// A device logs in without a browser of its own: it shows a code, a person with an API key finds it by that code and lets it in, and
// the device, which asks every few seconds, is given a key of its own.
const (
	DeviceInterval = 5 * time.Second // how often a device may ask

	deviceLifetime = 10 * time.Minute
	devicePrefix   = "dev_"
	ticketPrefix   = "tkt_"
	devicesAtOnce  = 1000 // that wait, of all owners: whoever starts logins to fill the table gets no further
	tooFast        = DeviceInterval - time.Second
	triesAtOnce    = 20 // codes that the people of an owner may enter within triesWithin, right ones too
	triesWithin    = 10 * time.Minute
)

// DeviceLogin is a device's request to be let in.
type DeviceLogin struct {
	DeviceCode platforms.Secret // the device asks with it
	UserCode   string           // the person compares it
	ExpiresAt  time.Time
}

// StartDevice begins the login of a device. Limited when too many wait.
func (s *Service) StartDevice(ctx context.Context, name string) (d DeviceLogin, err error) {
	defer errs.Wrap(&err, "auth.StartDevice")
	name = deviceName(name)
	now := s.Now()
	if _, err := s.Pool.Exec(ctx, `delete from device_logins where expires_at <= $1`, now); err != nil {
		return DeviceLogin{}, err
	}
	d = DeviceLogin{DeviceCode: platforms.NewSecret(newKey(devicePrefix)), ExpiresAt: now.Add(deviceLifetime)}
	for { // until the code is nobody else's
		d.UserCode = newUserCode()
		var waiting int
		err := s.Pool.QueryRow(ctx, `
			insert into device_logins (id, hash, user_code, name, state, created_at, expires_at)
			select $1, $2, $3, $4, 'pending', $5, $6 where (select count(*) from device_logins) < $7
			on conflict (user_code) do nothing returning 1`,
			id.New(now), hashOf(d.DeviceCode.Reveal()), d.UserCode, name, now, d.ExpiresAt, devicesAtOnce).Scan(&waiting)
		if !errors.Is(err, pgx.ErrNoRows) {
			return d, err
		}
		if err := s.Pool.QueryRow(ctx, `select count(*) from device_logins`).Scan(&waiting); err != nil {
			return DeviceLogin{}, err
		}
		if waiting >= devicesAtOnce {
			return DeviceLogin{}, &errs.Error{Code: errs.Limited, Message: "Too many devices wait to be let in; try again in a minute", RetryAfter: time.Minute, Rule: "device.too_many"}
		}
	}
}

// DeviceState is how far the login of a device has got.
type DeviceState string

// The states.
const (
	DevicePending    DeviceState = "pending"
	DeviceAuthorized DeviceState = "authorized"
	DeviceDenied     DeviceState = "denied"
)

// PollDevice tells a device how its login stands. Once it is authorized the answer has its key, this one time. A device that asks too often
// is Limited; a login that has expired, or is over, is Gone.
func (s *Service) PollDevice(ctx context.Context, code string) (state DeviceState, key platforms.Secret, err error) {
	defer errs.Wrap(&err, "auth.PollDevice")
	if !hasForm(code, devicePrefix) {
		return "", key, errs.New(errs.Unauthorized, "Send the deviceCode: Authorization: Bearer dev_...")
	}
	now := s.Now()
	var loginID string
	err = s.Pool.QueryRow(ctx, `update device_logins set polled_at = $2 where hash = $1 and expires_at > $2 and (polled_at is null or polled_at <= $3) returning id, state`,
		hashOf(code), now, now.Add(-tooFast)).Scan(&loginID, &state)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", key, s.whyNoPoll(ctx, code, now)
	}
	if err != nil || state != DeviceAuthorized {
		return state, key, err
	}
	key, err = s.admitDevice(ctx, loginID)
	return state, key, err
}

// whyNoPoll says why a device was not heard.
func (s *Service) whyNoPoll(ctx context.Context, code string, now time.Time) error {
	var polled time.Time
	err := s.Pool.QueryRow(ctx, `select polled_at from device_logins where hash = $1 and expires_at > $2 and polled_at is not null`, hashOf(code), now).Scan(&polled)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return loginOver()
	case err != nil:
		return err
	}
	return &errs.Error{Code: errs.Limited, Message: "Asked too often; wait 5 seconds between two polls", RetryAfter: max(polled.Add(DeviceInterval).Sub(now), time.Second), Rule: "device.poll_too_fast"}
}

func loginOver() error {
	return &errs.Error{Code: errs.Gone, Wire: "device_code_expired", Message: "This login has expired or is over; start another one", Rule: "device.expired"}
}

// admitDevice gives a device its key: one that may do what the key may that let it in, and lives no longer. The rows are locked from the
// user down, as RemoveUser does.
func (s *Service) admitDevice(ctx context.Context, loginID string) (key platforms.Secret, err error) {
	now := s.Now()
	err = postgres.InTx(ctx, s.Pool, func(tx pgx.Tx) error {
		k := APIKey{CreatedAt: now}
		var ownerID, approver string
		var scope []string
		err := tx.QueryRow(ctx, `
			select k.id, k.owner_id, u.id, k.read_only, k.profile_ids, k.disabled_groups, k.expires_at
			from device_logins d join api_keys k on k.id = d.key_id join users u on u.id = coalesce(k.user_id, k.owner_id)
			where d.id = $1 and (k.expires_at is null or k.expires_at > $2) for key share of u`, loginID, now).
			Scan(&approver, &ownerID, &k.UserID, &k.ReadOnly, &scope, &k.Disabled, &k.ExpiresAt)
		if errors.Is(err, pgx.ErrNoRows) {
			return loginOver()
		}
		if err != nil {
			return err
		}
		err = tx.QueryRow(ctx, `delete from device_logins where id = $1 and state = 'authorized' and key_id = $2 returning name`, loginID, approver).Scan(&k.Name)
		if errors.Is(err, pgx.ErrNoRows) {
			return loginOver()
		}
		if err != nil {
			return err
		}
		k.Scoped = scope != nil
		for _, profileID := range scope {
			k.Profiles = append(k.Profiles, ProfileName{ID: profileID})
		}
		if err := s.insertKey(ctx, tx, ownerID, &k); err != nil {
			return err
		}
		key = k.Secret
		return nil
	})
	return key, err
}

// Device is a device that waits to be let in.
type Device struct {
	Name     string
	UserCode string
	AskedAt  time.Time
	Ticket   platforms.Secret // the right to decide on it
}

// FindDevice shows a person the device that shows a code, and gives him the right to decide on it. It takes a key that may make keys.
// NotFound when no device waits with that code; Limited after too many codes.
func (s *Service) FindDevice(ctx context.Context, by Principal, userCode string) (d Device, err error) {
	defer errs.Wrap(&err, "auth.FindDevice")
	if err := by.May(Admin, false); err != nil {
		return Device{}, err
	}
	if err := s.countTry(ctx, by.OwnerID); err != nil {
		return Device{}, err
	}
	d.Ticket = platforms.NewSecret(newKey(ticketPrefix))
	err = s.Pool.QueryRow(ctx, `
		update device_logins set key_id = (select id from api_keys where id = $3), ticket_hash = $4 where user_code = $1 and state = 'pending' and expires_at > $2
		returning name, user_code, created_at`, cleanUserCode(userCode), s.Now(), by.KeyID, hashOf(d.Ticket.Reveal())).Scan(&d.Name, &d.UserCode, &d.AskedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return Device{}, &errs.Error{Code: errs.NotFound, Wire: "device_not_found", Field: "code", Message: "No device waits with this code; compare it with the one on the device", Rule: "device.unknown"}
	}
	return d, err
}

// countTry counts a code that was entered. Counting comes first, so that no burst gets past the limit.
func (s *Service) countTry(ctx context.Context, ownerID string) error {
	now := s.Now()
	var tries int
	var since time.Time
	err := s.Pool.QueryRow(ctx, `
		insert into device_tries as t (owner_id, tries, since) values ($1, 1, $2)
		on conflict (owner_id) do update set tries = case when t.since <= $3 then 1 else t.tries + 1 end, since = case when t.since <= $3 then $2 else t.since end
		returning tries, since`, ownerID, now, now.Add(-triesWithin)).Scan(&tries, &since)
	if err != nil || tries <= triesAtOnce {
		return err
	}
	return &errs.Error{Code: errs.Limited, Message: "Too many codes were entered; try again in a few minutes", RetryAfter: since.Add(triesWithin).Sub(now), Rule: "device.too_many_codes"}
}

// DecideDevice lets a device in, or sends it away, and tells its name. A ticket works once; later it is Gone.
func (s *Service) DecideDevice(ctx context.Context, ticket string, letIn bool) (name string, err error) {
	defer errs.Wrap(&err, "auth.DecideDevice")
	state := DeviceDenied
	if letIn {
		state = DeviceAuthorized
	}
	if !hasForm(ticket, ticketPrefix) {
		return "", loginOver()
	}
	err = s.Pool.QueryRow(ctx, `update device_logins set state = $2, ticket_hash = null where ticket_hash = $1 and state = 'pending' and expires_at > $3 returning name`,
		hashOf(ticket), state, s.Now()).Scan(&name)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", loginOver()
	}
	return name, err
}
