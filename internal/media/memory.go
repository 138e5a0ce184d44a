package media

import (
	"context"
	"encoding/json"
	"errors"
)

// recall is what was found in a file when it was last looked at. A fault of the database means only that it is looked at again.
func (u *Uploads) recall(ctx context.Context, content string) (info Info, ok bool) {
	if u == nil || content == "" {
		return info, false
	}
	var found []byte
	err := u.Pool.QueryRow(ctx, `
		with hit as (select content, found, seen_at from media_probes where content = $1 and version = $2),
			touched as (update media_probes p set seen_at = $3 from hit where p.content = hit.content and hit.seen_at < $3::timestamptz - interval '1 day')
		select found from hit`, content, infoVersion, u.Now()).Scan(&found)
	if err != nil || json.Unmarshal(found, &info) != nil {
		return Info{}, false
	}
	return info, true
}

// remember keeps what was found. As with recall, nothing depends on it.
func (u *Uploads) remember(ctx context.Context, content string, info Info) {
	if u == nil || content == "" {
		return
	}
	found, err := json.Marshal(info)
	if err != nil { // numbers and texts: it always encodes
		panic("media: " + err.Error())
	}
	_, _ = u.Pool.Exec(ctx, `insert into media_probes (content, version, found, seen_at) values ($1, $2, $3, $4)
		on conflict (content) do update set version = excluded.version, found = excluded.found, seen_at = excluded.seen_at`, content, infoVersion, found, u.Now())
}

// answer opens a file of ours. Its error is a *Fault.
func (u *Uploads) answer(ctx context.Context, key string) (*answer, error) {
	broken := func(err error) error {
		if errors.Is(err, ErrNoFile) {
			return noFile()
		}
		return &Fault{Rule: RuleUnreachable, Message: "the uploaded file cannot be read now", Remediation: "Try again.", Temporary: true, Err: err}
	}
	k, err := u.find(ctx, key)
	if err != nil {
		return nil, broken(err)
	}
	file, err := u.open(ctx, k)
	if err != nil {
		return nil, broken(err)
	}
	a := &answer{body: file, host: "the store of uploaded files", size: file.Size(), name: k.content}
	a.again = func(ctx context.Context, at, n int64) (*answer, error) {
		r, err := u.Store.bucket.NewRangeReader(ctx, k.object, at, n, nil)
		if err != nil {
			return nil, broken(err)
		}
		return &answer{body: r, host: a.host, size: r.Size()}, nil
	}
	return a, nil
}
