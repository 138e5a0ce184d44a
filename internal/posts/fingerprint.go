package posts

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/jackc/pgx/v5"

	"posthorn/internal/errs"
)

// fingerprint identifies what a target publishes where: platform, account, text and media, as the contract's duplicate rule has it.
func (p Post) fingerprint(t Target) []byte {
	h := sha256.New()
	c := p.content(t)
	parts := []string{t.Platform, t.Account.ID, c.Text}
	for _, m := range c.Media {
		parts = append(parts, m.URL)
	}
	if thread := threadOf(t.Options); thread != "" { // a thread's text is in its options
		parts = append(parts, thread)
	}
	for _, part := range parts {
		fmt.Fprintf(h, "%d:", len(part))
		io.WriteString(h, part)
	}
	return h.Sum(nil)
}

// refuseDuplicates holds the fingerprints of a new post against those of the last day, under a lock on each so that of two equal posts
// at the same instant only one is stored. What failed may be sent again, unless nobody knows whether it was published.
func refuseDuplicates(ctx context.Context, tx pgx.Tx, post Post, now time.Time) error {
	prints := make([][]byte, len(post.Targets))
	locks := make([]int64, len(post.Targets))
	for i, t := range post.Targets {
		prints[i] = post.fingerprint(t)
		locks[i] = int64(binary.BigEndian.Uint64(prints[i]))
	}
	sort.Slice(locks, func(i, j int) bool { return locks[i] < locks[j] }) // one order for all, or two posts could lock each other out
	for _, l := range locks {
		if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock($1)`, l); err != nil {
			return err
		}
	}
	rows, err := tx.Query(ctx, `
		select distinct on (fingerprint) fingerprint, post_id from targets
		where owner_id = $1 and fingerprint = any($2) and created_at > $3 and (status not in ('failed', 'cancelled') or unconfirmed)
		order by fingerprint, created_at`, post.OwnerID, prints, now.Add(-duplicateWindow))
	if err != nil {
		return err
	}
	type match struct {
		Fingerprint []byte
		PostID      string
	}
	matches, err := pgx.CollectRows(rows, pgx.RowToStructByPos[match])
	if err != nil || len(matches) == 0 {
		return err
	}
	existing := map[string]string{}
	for _, m := range matches {
		existing[string(m.Fingerprint)] = m.PostID
	}
	for i, t := range post.Targets {
		if postID := existing[string(prints[i])]; postID != "" {
			return &errs.Error{Code: errs.Conflict, Wire: "duplicate_content", Field: fmt.Sprintf("platforms[%d]", i),
				Message: fmt.Sprintf("this content was already sent to this %s account within the last 24 hours, as post %s; change it, or delete that post first", t.Platform, postID),
				Details: map[string]any{"accountId": t.Account.ID, "platform": t.Platform, "existingPostId": postID}}
		}
	}
	return nil
}

// threadOf is the part of the options that holds a thread's texts and media, verbatim; empty when there is none.
func threadOf(options json.RawMessage) string {
	var thread struct {
		Items json.RawMessage `json:"threadItems"`
	}
	if json.Unmarshal(options, &thread) != nil {
		return ""
	}
	return string(thread.Items)
}
