package instagram

import (
	"encoding/json"

	"posthorn/internal/platforms"
)

var _ platforms.AppChooser = Platform{}

// AppName is the registration that an account's login belongs to: Meta gives an app one ID and secret for Instagram Login and another
// for Facebook Login.
func (Platform) AppName(a platforms.Account) string {
	var data accountData
	if json.Unmarshal(a.Data, &data) == nil && data.LoginMethod == loginFacebook {
		return "facebook"
	}
	return "instagram"
}
