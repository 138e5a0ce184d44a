package rules

import "posthorn/internal/errs"

// NoAdapter is the rule of what belongs to a platform that this server does not have.
const NoAdapter = "platform.not_supported"

// byWire are the rules of the contract's machine codes.
var byWire = map[string]string{
	"invalid_field_value":             "request.invalid_field_value",
	"missing_required_field":          "request.missing_required_field",
	"invalid_json":                    "request.invalid_json",
	"request_too_large":               "request.too_large",
	"unsupported_media_type":          "request.unsupported_media_type",
	"method_not_allowed":              "request.method_not_allowed",
	"not_found":                       "request.not_found",
	"unauthorized":                    "request.unauthorized",
	"insufficient_permissions":        "request.insufficient_permissions",
	"unclassified_resource":           "request.unclassified_resource",
	"conflict":                        "request.conflict",
	"rate_limited":                    "request.rate_limited",
	"rate_limit_exceeded":             "request.rate_limited",
	"idempotency_conflict":            "idempotency.in_flight",
	"idempotency_key_reused":          "idempotency.key_reused",
	"unavailable":                     "server.unavailable",
	"internal_error":                  "server.internal",
	"duplicate_content":               "post.duplicate_content",
	"post_publishing":                 "post.publishing",
	"account_not_found":               "account.not_found",
	"profile_not_found":               "profile.not_found",
	"profile_name_conflict":           "profile.name_conflict",
	"gone":                            "request.gone",
	"post_busy":                       "post.busy",
	"post_unconfirmed":                "post.unconfirmed",
	"email_taken":                     "user.email_taken",
	"invite_not_found":                "invite.unknown",
	"invite_used":                     "invite.used",
	"invite_expired":                  "invite.expired",
	"device_not_found":                "device.unknown",
	"device_code_expired":             "device.expired",
	"not_replayable":                  "webhook.not_replayable",
	"queue_slot_conflict":             "queue.slot_conflict",
	"invalid_credentials":             "account.invalid_credentials",
	"platform_api_error":              "platform.api_error",
	"platform_not_supported":          NoAdapter,
	"PAYMENT_REQUIRED":                "billing.payment_required",
	"ACCOUNT_DISCONNECTED":            "account.disconnected",
	"ACCOUNT_NOT_ENABLED_FOR_POSTING": "account.not_enabled_for_posting",
	"PROFILE_OVER_LIMIT":              "profile.over_limit",
	"INVALID_REDIRECT_URL":            "connect.invalid_redirect_url",
	"PLATFORM_BETA_RESTRICTED":        "connect.platform_beta_restricted",
	"TOKEN_EXPIRED":                   "account.token_expired",
	"RECONNECT_ACCOUNT_MISMATCH":      "connect.account_mismatch",
	"PLATFORM_LIMITATION":             "platform.limitation",
}

// byCode are the rules of our codes, where a machine code has none of its own.
var byCode = map[errs.Code]string{
	errs.Invalid:      "request.invalid",
	errs.NotFound:     "request.not_found",
	errs.Conflict:     "request.conflict",
	errs.Unauthorized: "request.unauthorized",
	errs.Forbidden:    "request.forbidden",
	errs.Limited:      "request.rate_limited",
	errs.Unavailable:  "server.unavailable",
	errs.Internal:     "server.internal",
	errs.Gone:         "request.gone",
}

// Answer is the rule of a failed request that names none itself, by its machine code and ours.
func (b *Book) Answer(code errs.Code, wire string) Rule {
	for _, name := range []string{byWire[wire], byCode[code]} {
		if r, ok := b.byName[name]; ok {
			return r
		}
	}
	return b.byName["request.invalid"]
}
