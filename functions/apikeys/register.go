// Package apikeys is the function that creates, lists, rotates and revokes an account's API keys.
package apikeys

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() { functions.HTTP("APIKeys", instance.HTTP(Build)) }
