package posts

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
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

// prints are the fingerprints of a post's targets, by their places; nil for what has none: what is published stays as it is, and a draft
// holds its content against nobody.
func (p Post) prints(draft bool) [][]byte {
	prints := make([][]byte, len(p.Targets))
	for i, t := range p.Targets {
		if !draft && t.Status != Published {
			prints[i] = p.fingerprint(t)
		}
	}
	return prints
}

// lockAll takes advisory locks, in one order for all, or two posts could lock each other out.
const lockAll = `select pg_advisory_xact_lock(l) from (select l from unnest($1::bigint[]) as l order by l) in_order`

// refuseDuplicates has a batch hold the fingerprints of posts against those of other posts in the last day, under a lock on each so that of
// two equal posts at the same instant only one is stored. What failed may be sent again, unless nobody knows whether it was published.
func refuseDuplicates(batch *pgx.Batch, list []saving) {
	var (
		prints [][]byte
		ids    []string
		locks  []int64
		since  time.Time
	)
	for _, v := range list {
		for _, mark := range v.prints {
			if mark != nil {
				prints, locks = append(prints, mark), append(locks, int64(binary.BigEndian.Uint64(mark)))
			}
		}
		ids = append(ids, v.post.ID)
		if at := v.now.Add(-duplicateWindow); at.After(since) {
			since = at
		}
	}
	if len(prints) == 0 {
		return
	}
	batch.Queue(lockAll, locks)
	batch.Queue(`
		select distinct on (fingerprint) fingerprint, post_id from targets
		where fingerprint = any($1) and created_at > $2 and post_id <> all($3) and (status not in ('failed', 'cancelled') or unconfirmed)
		order by fingerprint, created_at`, prints, since, ids).Query(func(rows pgx.Rows) error {
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
		for _, v := range list {
			for i, t := range v.post.Targets {
				if postID := existing[string(v.prints[i])]; postID != "" {
					return duplicate(i, t, postID)
				}
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
