package bluesky

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"posthorn/internal/platforms"
	"posthorn/internal/platforms/rest"
)

// Delete removes a post with all further posts of its thread, the last one first, so that the post itself is there until all is done. A
// record that is not there counts as removed.
func (Platform) Delete(ctx context.Context, c *platforms.Conn, x platforms.Existing) error {
	keys, err := writtenKeys(c.Account, x)
	if err != nil {
		return err
	}
	pds, err := findPDS(ctx, c) // the account may have moved since
	if err != nil {
		return err
	}
	for i := len(keys) - 1; i >= 0; i-- {
		if err := (xrpc{c, pds}).deleteRecord(ctx, keys[i]); err != nil {
			return err
		}
	}
	return nil
}

// writtenKeys are the record keys of a post and of what follows it in its thread, up to the one whose writing may have been cut short.
func writtenKeys(a platforms.Account, x platforms.Existing) ([]string, error) {
	root, ok := strings.CutPrefix(x.Remote.ID, "at://"+a.RemoteID+"/"+collection+"/")
	if !ok || root == "" || strings.Contains(root, "/") {
		return nil, platforms.Errorf(platforms.Rejected, "the stored ID of the post is not one of this account's posts")
	}
	keys := []string{root}
	var p plan
	if len(x.State.Data) == 0 || json.Unmarshal(x.State.Data, &p) != nil || len(p.Posts) == 0 || p.Posts[0].Key != root {
		return keys, nil
	}
	for _, e := range p.Posts[1:] {
		keys = append(keys, e.Key)
		if e.URI == "" {
			break
		}
	}
	return keys, nil
}

// deleteRecord removes a record. It is quiet about one that is not there, so a lost answer does no harm.
func (x xrpc) deleteRecord(ctx context.Context, key string) error {
	in := map[string]string{"repo": x.conn.Account.RemoteID, "collection": collection, "rkey": key}
	_, err := rest.Do(ctx, x.conn, rest.Request{Method: http.MethodPost, URL: x.host + "/xrpc/com.atproto.repo.deleteRecord", Bearer: x.conn.Token.Access, JSON: in}, nil, Classify)
	return err
}
