// Package jobberwebhook takes Jobber's webhooks: it verifies, stores and answers. What they tell is followed by onwebhook.
package jobberwebhook

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("JobberWebhook", instance.HTTP(Build)) }
