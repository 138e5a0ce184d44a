package instagramfake

import "posthorn/internal/platforms/farside/graph"

// Codes, subcodes and titles: https://developers.facebook.com/docs/instagram-platform/instagram-graph-api/reference/error-codes
var (
	failUnknown     = &graph.Failure{Status: 500, Code: 1, Message: "An unknown error occurred", Transient: true}
	failUnavailable = &graph.Failure{Status: 500, Code: 2, Message: "Service temporarily unavailable", Transient: true}

	failFetchTimeout = &graph.Failure{Code: -2, Sub: 2207003, Message: "Timeout while downloading the media", Title: "Timeout",
		User: "It takes too long to download the media."}
	failExpired = &graph.Failure{Code: -2, Sub: 2207020, Message: "Media has expired", Title: "Media expired",
		User: "The media you are trying to access has expired. Create a new container and try again."}
	failServer      = &graph.Failure{Code: -1, Sub: 2207001, Message: "Instagram server error", Title: "Server error", User: "Try again later."}
	failCreation    = &graph.Failure{Code: -1, Sub: 2207032, Message: "Create media failed", Title: "Create media failed", User: "Creating the media failed. Try to create it again."}
	failUpload      = &graph.Failure{Code: -1, Sub: 2207053, Message: "Unknown upload error", Title: "Unknown upload error", User: "An unknown error occurred during upload. Create a new container and try again."}
	failThumb       = &graph.Failure{Code: 1, Sub: 2207057, Message: "Invalid thumbnail offset", Title: "Invalid thumb offset", User: "The thumbnail offset must be greater than or equal to 0 and less than the video's duration."}
	failSpam        = &graph.Failure{Code: 4, Sub: 2207051, Message: "Application request limit reached", Title: "Action is blocked", User: "We restrict certain activity to protect our community."}
	failAppLimit    = &graph.Failure{Code: 4, Message: "(#4) Application request limit reached"}
	failQuota       = &graph.Failure{Code: 9, Sub: 2207042, Message: "Application request limit reached", Title: "Too many posts", User: "The account has reached the maximum number of posts that can be published through the API in 24 hours."}
	failPermission  = &graph.Failure{Code: 10, Message: "(#10) Application does not have permission for this action"}
	failNoMedia     = &graph.Failure{Code: 24, Sub: 2207006, Message: "The requested resource does not exist", Title: "Media not found", User: "The media with this ID cannot be found."}
	failNoContainer = &graph.Failure{Code: 24, Sub: 2207008, Message: "The requested resource does not exist", Title: "Media builder not found", User: "The media builder with this creation ID does not exist or has expired."}
	failRestricted  = &graph.Failure{Code: 25, Sub: 2207050, Message: "User is restricted", Title: "Account restricted", User: "The Instagram account is restricted, inactive or checkpointed."}
	failMediaType   = &graph.Failure{Code: 100, Sub: 2207023, Message: "Invalid parameter", Title: "Unknown media type", User: "The media type is unknown. Supported are CAROUSEL, REELS and STORIES, and VIDEO for an item of a carousel."}
	failChildren    = &graph.Failure{Code: 100, Sub: 2207028, Message: "Invalid parameter", Title: "Carousel validation failed", User: "A carousel needs at least 2 and at most 10 children."}
	failTags        = &graph.Failure{Code: 100, Sub: 2207040, Message: "Invalid parameter", Title: "Too many tags", User: "Cannot use more than 20 tags."}
	failVideo       = &graph.Failure{Code: 352, Sub: 2207026, Message: "The video file you selected is in a format that we don't support.", Title: "Unsupported format", User: "The video format is not supported. Please use MP4 or MOV."}
	failFetch       = &graph.Failure{Code: 9004, Sub: 2207052, Message: "Only photo or video can be accepted as media type.", Title: "Media download has failed. The media URI doesn't meet our requirements.", User: "The media could not be fetched from this URI."}
	failNotReady    = &graph.Failure{Code: 9007, Sub: 2207027, Message: "Media ID is not available", Title: "Media Not Available", User: "The media is not ready for publishing, please wait for a moment"}
	failImageSize   = &graph.Failure{Code: 36000, Sub: 2207004, Message: "The image size is too large.", Title: "Image size too large", User: "The image is too large to download. It should be less than 8 MiB."}
	failImageType   = &graph.Failure{Code: 36001, Sub: 2207005, Message: "The image format is not supported.", Title: "Unsupported image format", User: "The image format is not supported. Please use JPEG."}
	failRatio       = &graph.Failure{Code: 36003, Sub: 2207009, Message: "The aspect ratio is not supported.", Title: "Invalid aspect ratio", User: "The submitted image's aspect ratio must be between 4:5 and 1.91:1."}
	failCaption     = &graph.Failure{Code: 36004, Sub: 2207010, Message: "The caption was too long.", Title: "Caption is too long", User: "The caption can have at most 2,200 characters."}

	failThrottled = &graph.Failure{Code: 80002, Message: "(#80002) There have been too many calls to this Instagram account. Wait a bit and try again."}
	failNoToken   = &graph.Failure{Code: 104, Message: "An access token is required to request this resource."}
	failBadToken  = &graph.Failure{Code: 190, Sub: 467, Message: "Invalid OAuth access token - Cannot parse access token"}
	failRevoked   = &graph.Failure{Code: 190, Sub: 458, Message: "Error validating access token: The user has not authorized application"}
	failSession   = &graph.Failure{Code: 190, Sub: 463, Message: "Error validating access token: Session has expired"}
)

// known is what a text can ask for by code, or by code and subcode; the first of a code stands for it.
var known = []*graph.Failure{
	failServer, failCreation, failUpload, failFetchTimeout, failExpired, failUnknown, failThumb, failUnavailable, failAppLimit, failSpam,
	failQuota, failPermission, failNoMedia, failNoContainer, failRestricted, graph.InvalidParam, graph.Missing, failMediaType, failChildren, failTags,
	failSession, failRevoked, failBadToken, failVideo, failFetch, failNotReady, failImageSize, failImageType, failRatio, failCaption,
	failThrottled,
}
