package instagram

import "posthorn/internal/platforms"

var _ platforms.ScopeLister = Platform{}

// The permissions of the two logins. Comments are needed for first comments and for turning comments off.
var (
	instagramLoginScopes = platforms.Scopes{
		Posting:   []string{"instagram_business_basic", "instagram_business_content_publish"},
		Analytics: []string{"instagram_business_manage_insights"},
		Optional:  []string{"instagram_business_manage_comments", "instagram_business_manage_messages"},
		Source:    docs + "/instagram-api-with-instagram-login/business-login",
	}
	facebookLoginScopes = platforms.Scopes{
		Posting:   []string{"instagram_basic", "instagram_content_publish", "pages_read_engagement"},
		Analytics: []string{"instagram_manage_insights"},
		Optional: []string{"instagram_manage_comments", "instagram_manage_messages", "instagram_manage_contents", "pages_show_list", "pages_manage_metadata",
			"business_management"},
		Source: docsGuide,
	}
)

// Scopes are those of the login that the account came through.
func (p Platform) Scopes(a platforms.Account) platforms.Scopes {
	if p.AppName(a) == "facebook" {
		return facebookLoginScopes
	}
	return instagramLoginScopes
}
