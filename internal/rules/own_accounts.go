package rules

var accountRules = []Rule{
	{Name: "account.not_found", Status: 404, Code: "account_not_found", Field: "accountId", Title: "There is no such account", Meaning: "The account does not exist, or the key does not reach it.", Remedy: "List the accounts with GET /v1/accounts and use one of their IDs."},
	{Name: "account.foreign", Status: 403, Field: "platforms[0].accountId", Title: "The account does not exist or does not belong to you", Meaning: "A post can only go to accounts that the key's owner has connected and that the key reaches.",
		Remedy: "List the accounts with GET /v1/accounts and use one of their IDs."},
	{Name: "account.wrong_platform", Status: 400, Code: "invalid_field_value", Field: "platforms[0].platform", Title: "The account belongs to another platform", Meaning: "A target names a platform, and an account of another one.", Remedy: "Send the account's own platform."},
	{Name: "account.disconnected", Status: 403, Code: "ACCOUNT_DISCONNECTED", Field: "platforms[0].accountId", Title: "The account is disconnected", Meaning: "Its user or the platform has ended the access.", Remedy: "Connect the account again."},
	{Name: "account.token_expired", Status: 401, Code: "TOKEN_EXPIRED", Title: "The account's access has ended", Meaning: "The platform no longer accepts the token that the account was connected with.", Remedy: "Connect the account again."},
	{Name: "account.not_enabled_for_posting", Status: 403, Code: "ACCOUNT_NOT_ENABLED_FOR_POSTING", Field: "platforms[0].accountId", Title: "The account is not for posting", Meaning: "It was connected for advertising alone.", Remedy: "Connect the account for posting."},
	{Name: "account.invalid_credentials", Status: 401, Code: "invalid_credentials", Title: "The platform does not accept these credentials", Meaning: "The name and the password do not belong together, or the password is not of the kind that is asked for.", Remedy: "Check both; most platforms ask for a password made for apps, not the user's own."},
	{Name: "profile.not_found", Status: 404, Code: "profile_not_found", Field: "profileId", Title: "There is no such profile", Meaning: "The profile does not exist, or the key does not reach it.", Remedy: "List the profiles with GET /v1/profiles and use one of their IDs."},
	{Name: "profile.name_conflict", Status: 409, Code: "profile_name_conflict", Field: "name", Title: "Another profile has this name", Meaning: "Names of profiles are unique for each owner. details.existingProfileId names the other one.", Remedy: "Choose another name, or use the profile that has it."},
	{Name: "profile.over_limit", Status: 403, Code: "PROFILE_OVER_LIMIT", Title: "The profile is beyond the plan", Meaning: "The operator's plan allows fewer profiles.", Remedy: "Ask the operator, or use another profile."},
	{Name: "connect.invalid_redirect_url", Status: 400, Code: "INVALID_REDIRECT_URL", Field: "redirect_url", Title: "The redirect address cannot be used", Meaning: "It is neither an absolute http or https address nor one of an app's own scheme.", Remedy: "Send an address such as https://example.com/connected."},
	{Name: "connect.platform_beta_restricted", Status: 403, Code: "PLATFORM_BETA_RESTRICTED", Title: "The platform is not open to everyone", Meaning: "The platform has opened its API to chosen partners only.", Remedy: "Ask the operator whether the server is one of them."},
	{Name: "connect.account_mismatch", Status: 409, Code: "RECONNECT_ACCOUNT_MISMATCH", Title: "Another account was connected than before", Meaning: "The account that was to be reconnected is not the one that the user has signed in with.", Remedy: "Sign in with the same account, or connect the other one as a new account."},
}

var peopleRules = []Rule{}
