// Package session is the function of sign-in: it starts, renews and ends sessions, and tells who one is.
package session

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() {
	functions.HTTP("Session", instance.HTTP(Build))
}
