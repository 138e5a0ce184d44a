package http

import (
	"net/url"
	"slices"
	"strconv"

	"posthorn/internal/errs"
	"posthorn/internal/http/wire"
)

// number reads a number that was validated; other when it was not sent.
func number(q url.Values, name string, other int) int {
	n, err := strconv.Atoi(q.Get(name))
	if err != nil {
		return other
	}
	return n
}

// idFilter is the ID to filter by; the contract lets "all" stand for none.
func idFilter(s string) string {
	if s == "all" {
		return ""
	}
	return s
}

func pagination(page, limit, total int) wire.Pagination {
	return wire.Pagination{Page: page, Limit: limit, Total: total, Pages: (total + limit - 1) / limit}
}

// skipPagination is the other form of paging that the contract has.
func skipPagination(limit, skip, total int) wire.SkipPagination {
	return wire.SkipPagination{Total: total, Limit: limit, Skip: skip, Pages: (total + limit - 1) / limit, HasMore: skip+limit < total}
}

// contractPlatforms are the platform names of the contract. A filter may name one that this server does not have; it then finds nothing.
var contractPlatforms = []string{
	"twitter", "threads", "instagram", "youtube", "facebook", "linkedin", "pinterest", "reddit", "tiktok", "bluesky", "googlebusiness", "telegram",
	"snapchat", "discord", "slack", "whatsapp", "shopify", "wordpress", "linkedinads", "metaads", "pinterestads", "tiktokads", "xads", "googleads",
	"openaiads", "sms", "phone", "rcs",
}

// knownPlatform refuses a filter by a platform that nobody knows; empty is no filter.
func (s *Server) knownPlatform(name string) error {
	if name == "" || slices.Contains(contractPlatforms, name) {
		return nil
	}
	if _, ok := s.cfg.Platforms.Get(name); ok {
		return nil
	}
	return errs.Fieldf("platform", "platform %q is not known; this server has %v", clip(name, 40), s.cfg.Platforms.Names())
}
