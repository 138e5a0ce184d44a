package rules

import "slices"

// areas are what the first parts of the server's own rules are called.
var areas = map[string]string{
	"request": "Requests", "idempotency": "Idempotency", "server": "The server", "post": "Posts", "bulk": "Uploads of posts", "media": "Media", "upload": "Uploads", "account": "Accounts", "profile": "Profiles",
	"queue": "Queues", "platform": "Platforms", "connect": "Connecting accounts", "budget": "Budgets", "billing": "Billing", "key": "API keys", "user": "Users", "invite": "Invitations", "device": "Signing in on a device", "group": "Account groups",
	"tools": "Validation tools", "api": "Requests", "recycling": "Recycling", "video": "Videos", "webhook": "Webhooks",
}

// own are the rules of this server.
var own = slices.Concat(requestRules, serverRules, postRules, mediaRules, uploadRules, accountRules, peopleRules, queueRules, webhookRules, toolRules)

const see = "The answer's param and details.fields name the field at fault."

var requestRules = []Rule{
	{Name: "request.invalid", Status: 400, Code: "invalid_field_value", Title: "The request is not valid", Meaning: "Something about the request is wrong; the error says what. Nothing was changed.", Remedy: "Correct the request as the error says."},
	{Name: "request.invalid_field_value", Status: 400, Code: "invalid_field_value", Title: "A field or parameter has a value that is not allowed", Meaning: "The value has the wrong type, is too long, or is none of those that are known. " + see,
		Remedy: "Send a value as the API reference describes the field.", Field: "scheduledFor"},
	{Name: "request.missing_required_field", Status: 400, Code: "missing_required_field", Title: "A required field or parameter is missing", Meaning: see, Remedy: "Add the field.", Field: "platforms"},
	{Name: "request.unknown_query_parameter", Status: 400, Code: "invalid_field_value", Title: "A query parameter is not known", Meaning: "The operation refuses what it does not know, since a filter with a typing error would otherwise be a list without the filter.",
		Remedy: "Use one of the parameters that the error lists.", Field: "colour"},
	{Name: "request.invalid_query", Status: 400, Code: "invalid_field_value", Title: "The query of the address is damaged", Meaning: "The part after the question mark is not valid percent-encoding, or decodes to what is not text.",
		Remedy: "Encode the values of the query; every HTTP library has a function for it."},
	{Name: "request.invalid_json", Status: 400, Code: "invalid_field_value", Title: "The body is not valid JSON", Meaning: "The body could not be read as JSON in UTF-8, or it broke off before its end.", Remedy: "Send valid JSON; an empty body is allowed where nothing is required."},
	{Name: "request.unstorable_value", Status: 400, Code: "invalid_field_value", Title: "A value cannot be kept", Meaning: "The body holds a NUL character, half of a surrogate pair, a number out of range, or nests too deeply.",
		Remedy: "Remove the character, or send the number as a text.", Field: "content"},
	{Name: "request.too_large", Status: 413, Code: "request_too_large", Title: "The body is too large", Meaning: "Media are sent as addresses or uploaded on their own, so no request has to be large.", Remedy: "Send addresses of media in place of their data, or split the request."},
	{Name: "request.unsupported_media_type", Status: 415, Code: "unsupported_media_type", Title: "The body's type is not supported", Meaning: "The body says that it is something else than the operation takes, or that it is compressed.",
		Remedy: "Send application/json in UTF-8, uncompressed, unless the operation asks for multipart/form-data."},
	{Name: "request.not_found", Status: 404, Code: "not_found", Title: "There is nothing at this address", Meaning: "No such operation or object exists, or the key does not reach it: what belongs to others looks as if it were not there.",
		Remedy: "Check the address and the ID, and that the key belongs to the same owner and profile."},
	{Name: "request.method_not_allowed", Status: 405, Code: "method_not_allowed", Title: "The method is not possible here", Meaning: "The address exists, and takes other methods. The Allow header lists them.", Remedy: "Use one of the methods that the error lists."},
	{Name: "request.unauthorized", Status: 401, Code: "unauthorized", Title: "The API key is missing or not valid", Meaning: "The request carries no key, or one that is malformed, unknown, deleted or expired.",
		Remedy: "Send the header Authorization: Bearer sk_..., with a key that exists."},
	{Name: "request.insufficient_permissions", Status: 403, Code: "insufficient_permissions", Title: "The key may not do this", Meaning: "The key is read-only, restricted to some profiles, or not allowed this group of operations, or its user's role does not allow it.",
		Remedy: "Use a key that may, or ask the owner to make one."},
	{Name: "request.forbidden", Status: 403, Code: "insufficient_permissions", Title: "This is not allowed", Meaning: "The key is valid and may not do this with this object.", Remedy: "Use an object that belongs to the key's owner and profiles."},
	{Name: "request.unclassified_resource", Status: 403, Code: "unclassified_resource", Title: "A restricted key cannot be used here", Meaning: "The operation belongs to no group of operations, so a key that is restricted to groups may not use it.", Remedy: "Use a key without restrictions."},
	{Name: "request.conflict", Status: 409, Code: "conflict", Title: "This is not possible in the present state", Meaning: "The request is right in itself, but something else stands in its way: a name that is taken, or work that is under way.", Remedy: "Read the object again, then decide."},
	{Name: "request.rate_limited", Status: 429, Code: "rate_limit_exceeded", Title: "There were too many requests", Meaning: "A limit on requests or posts in a time is reached. The Retry-After header says how many seconds to wait.",
		Remedy: "Wait as long as Retry-After says, and spread requests out."},
	{Name: "request.gone", Status: 410, Code: "gone", Title: "It is over", Meaning: "What the request is about was there, and has expired or been used up.", Remedy: "Begin anew."},
	{Name: "api.rate_limit", Status: 429, Code: "rate_limit_exceeded", Title: "The owner makes too many requests", Meaning: "An owner may make so many requests in any minute, more with more connected accounts. The X-RateLimit headers tell how many are left.",
		Remedy: "Wait as long as the Retry-After header says, and spread requests out."},
	{Name: "idempotency.in_flight", Status: 409, Code: "idempotency_conflict", Title: "The first request with this key is still running", Meaning: "The same Idempotency-Key was sent again before the first request was answered.",
		Remedy: "Wait as long as Retry-After says, then send the request again: it gets the first one's answer."},
	{Name: "idempotency.key_reused", Status: 422, Code: "idempotency_key_reused", Title: "The idempotency key belongs to another request", Meaning: "The same Idempotency-Key was used within 24 hours with another body.", Remedy: "Use a new key for each new request."},
	{Name: "billing.payment_required", Status: 402, Code: "PAYMENT_REQUIRED", Title: "The operator asks for payment", Meaning: "A server without billing never answers with this.", Remedy: "Ask the operator of the server."},
}

var serverRules = []Rule{
	{Name: "server.internal", Status: 500, Code: "internal_error", Title: "The server made an error", Meaning: "A fault of the server, not of the request. Its log has a line with the answer's X-Request-Id.", Remedy: "Try again; if it stays, give the X-Request-Id to the operator."},
	{Name: "server.unavailable", Status: 503, Code: "unavailable", Title: "The server cannot answer right now", Meaning: "Something that the server needs, such as its database, is away.", Remedy: "Wait as long as the Retry-After header says, then try again."},
	{Name: NoAdapter, Status: 400, Code: "platform_not_supported", Title: "The server does not have this platform", Meaning: "The platform is not one that this server can do this with. GET /v1/platforms lists those that it has.", Remedy: "Use another platform, or a later version of the server.", Field: "platforms[0].platform"},
	{Name: "platform.unknown", Status: 400, Code: "invalid_field_value", Title: "There is no such platform", Meaning: "The name is not one of the contract's platforms, which are written in lower case and without spaces.", Remedy: "Use one of the names that the error lists.", Field: "platforms[0].platform"},
	{Name: "platform.api_error", Status: 503, Code: "platform_api_error", Title: "The platform did not answer as it should", Meaning: "The request needs the platform, which could not be reached or had an error of its own.", Remedy: "Try again after the time in the Retry-After header."},
	{Name: "platform.limitation", Status: 400, Code: "PLATFORM_LIMITATION", Title: "The platform does not offer this", Meaning: "The platform has no way to do what was asked for.", Remedy: "Do it in the platform's own app."},
	{Name: "platform.down", Title: "The platform has not answered for a while", Meaning: "Several calls in a row to one of the platform's hosts failed, so that it is left alone for seconds up to minutes.", Remedy: "Nothing: it goes on by itself when the platform answers again."},
	{Name: "budget.exhausted", Title: "The account's budget of calls is used up", Meaning: "The account, or the operator's app, has used up what the platform allows in a time: by the server's own count, or because the platform said so. The target waits until there is room again.", Remedy: "Nothing: it goes on by itself then. Space posts out to avoid the wait."},
}
