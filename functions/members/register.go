// Package members is the function of who is in an account: its members, its owner, its settings and its invitations.
package members

import (
	"github.com/GoogleCloudPlatform/functions-framework-go/functions"

	"fieldboard.dev/fieldboard/shared/instance"
)

func init() {
	functions.HTTP("Members", instance.HTTP(Build))
}
