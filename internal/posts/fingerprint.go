package posts

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
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

// refuseDuplicatesIn has a batch hold the fingerprints of a post against those of other posts in the last day, under a lock on each so that of two equal
// posts at the same instant only one is stored. What failed may be sent again, unless nobody knows whether it was published.
func refuseDuplicatesIn(batch *pgx.Batch, post Post, now time.Time) {
	prints := make([][]byte, len(post.Targets))
	var locks []int64
	for i, t := range post.Targets {
		if t.Status == Published { // in an update: it stays as it is
			continue
		}
		prints[i] = post.fingerprint(t)
		locks = append(locks, int64(binary.BigEndian.Uint64(prints[i])))
	}
	slices.Sort(locks) // one order for all, or two posts could lock each other out
	batch.Queue(`select pg_advisory_xact_lock(l) from (select l from unnest($1::bigint[]) as l order by l) in_order`, locks)
	batch.Queue(`
		select distinct on (fingerprint) fingerprint, post_id from targets
		where owner_id = $1 and fingerprint = any($2) and created_at > $3 and post_id <> $4 and (status not in ('failed', 'cancelled') or unconfirmed)
		order by fingerprint, created_at`, post.OwnerID, prints, now.Add(-duplicateWindow), post.ID).Query(func(rows pgx.Rows) error {
		type match struct {
			Fingerprint []byte
			PostID      string
		}
		matches, err := pgx.CollectRows(rows, pgx.RowToStructByPos[match])
		if err != nil {
			return err
		}
		existing := map[string]string{}
		for _, m := range matches {
			existing[string(m.Fingerprint)] = m.PostID
		}
		for i, t := range post.Targets {
			if postID := existing[string(prints[i])]; postID != "" && t.Status != Published {
				return duplicate(i, t, postID)
			}
		}
		return nil
	})
}

func duplicate(i int, t Target, postID string) error {
	return &errs.Error{Code: errs.Conflict, Wire: "duplicate_content", Field: fmt.Sprintf("platforms[%d]", i),
		Message: fmt.Sprintf("this content was already sent to this %s account within the last 24 hours, as post %s; change it, or delete that post first", t.Platform, postID),
		Details: map[string]any{"accountId": t.Account.ID, "platform": t.Platform, "existingPostId": postID}}
}

// threadOf is the part of the options that holds a thread's texts and media; empty when there is none.
func threadOf(options json.RawMessage) string {
	var thread struct {
		Items json.RawMessage `json:"threadItems"`
	}
	if json.Unmarshal(options, &thread) != nil {
		return ""
	}
	return canonical(thread.Items)
}
