package webhooks

import (
	"slices"
	"strings"
)

// subscribable are all names that the contract knows, also those that this server never emits: a client written for a wider server must be
// able to keep its list. webhook.test cannot be subscribed to; it is sent when asked for.
var subscribable = []string{
	"post.scheduled", "post.published", "post.failed", "post.partial", "post.cancelled", "post.recycled", "post.platform.published",
	"post.platform.failed", "post.platform.deleted", "post.tiktok.url_resolved", "post.external.created", "post.external.updated",
	"post.external.deleted", "account.connected", "account.disconnected", "account.ads.initial_sync_completed", "analytics.synced",
	"message.received", "message.sent", "message.edited", "message.deleted", "message.delivered", "message.read", "message.failed",
	"conversation.started", "conversation.control_changed", "call.received", "call.ended", "call.failed", "call.permission_request",
	"reaction.received", "referral.received", "comment.received", "review.new", "review.updated", "lead.received", "ad.status_changed",
	"whatsapp.template.status_updated", "whatsapp.template.category_updated", "whatsapp.account.name_status_updated",
	"whatsapp.automatic_event", "whatsapp.number.activated", "whatsapp.number.declined", "whatsapp.number.action_required",
	"whatsapp.number.verification_required", "whatsapp.number.suspended", "whatsapp.number.reactivated", "whatsapp.number.released",
	"whatsapp.number.kyc_submitted", "phone_number.stock_available", "verification.approved", "verification.failed", "webhook.disabled", "account.expiring",
}

// Subscribable reports whether an endpoint can listen for an event of this name.
func Subscribable(name string) bool { return slices.Contains(subscribable, name) }

// groupOf is the area of the API that an event belongs to: an endpoint can be kept out of it, as a key can.
func groupOf(name string) string {
	area, _, _ := strings.Cut(name, ".")
	switch area {
	case "post":
		return "publishing"
	case "account":
		if strings.HasPrefix(name, "account.ads.") {
			return "ads"
		}
		return "accounts"
	case "comment", "review":
		return "engagement"
	case "message", "conversation", "reaction", "referral", "whatsapp":
		return "messages"
	case "analytics":
		return "analytics"
	case "lead", "ad":
		return "ads"
	case "call", "phone_number", "verification":
		return "telephony"
	default:
		return "webhooks"
	}
}
