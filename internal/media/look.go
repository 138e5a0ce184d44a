package media

import (
	"context"
	"errors"
	"mime"
	"net/http"
)

// Look is what can be told of an address without reading the whole file.
type Look struct {
	MIME string // by the bytes, or where those do not tell, by the server's word
	Size int64  // bytes; -1 when the server does not tell
}

// Look asks for a file's header and then reads its beginning. Its error is a *Fault.
func (p *Prober) Look(ctx context.Context, address string) (Look, error) {
	look := Look{Size: -1}
	if p.Files == nil || !p.Files.ours(address) {
		var err error
		if look, err = p.header(ctx, address); err != nil {
			return look, err
		}
	}
	info, err := p.Probe(ctx, address)
	if info.MIME != "" {
		look.MIME = info.MIME
	}
	if info.Size > 0 {
		look.Size = info.Size
	}
	return look, err
}

// header asks for the header alone. Many servers do not take HEAD, so its refusal means nothing; an address that cannot be reached at all
// is not asked a second time.
func (p *Prober) header(ctx context.Context, address string) (Look, error) {
	look := Look{Size: -1}
	u, fault := parseURL(address)
	if fault != nil {
		return look, fault
	}
	ctx, cancel := context.WithTimeout(ctx, orTime(p.Timeout, probeTimeout))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, u.String(), nil)
	if err != nil {
		return look, &Fault{Rule: RuleBadURL, Message: "the address cannot be called", Remediation: adviseLink}
	}
	req.Header.Set("User-Agent", agent)
	req.Header.Set("Accept-Encoding", "identity")
	resp, err := p.Client.Do(req)
	if err != nil {
		if f := transportFault(u.Hostname(), withoutURL(err)); !f.Temporary || errors.Is(err, context.DeadlineExceeded) {
			return look, f
		}
		return look, nil
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return look, nil
	}
	look.Size = resp.ContentLength
	look.MIME, _, _ = mime.ParseMediaType(resp.Header.Get("Content-Type")) // what is no type is none
	return look, nil
}
