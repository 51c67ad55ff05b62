// Package onwebhook follows Jobber's webhooks: it fetches what one names and stores it. Pub/Sub delivers them.
package onwebhook

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.CloudEvent("OnWebhook", instance.Event(Build)) }
