import { IconLock } from '@tabler/icons-react'
import { Outlet, useMatch } from '@tanstack/react-router'
import { useCan } from '../../session/context'
import { ConnectionIndicator } from '../../ui/connection'
import { Empty } from '../../ui/empty'
import { Page } from '../../ui/page'
import { Kinds } from './kinds'
import { Tasks } from './tasks'

/** The background work of the business: how each kind of it stands, and each task. */
export function Operations() {
  const open = useCan()('task:read')
  // Who looks at one task asks for that one often, and for the rest seldom.
  const behind = useMatch({ from: '/signed-in/operations/$id', shouldThrow: false }) !== undefined
  return (
    <Page title="Operations" tools={<ConnectionIndicator />}>
      {open ? (
        <>
          <Kinds behind={behind} />
          <Tasks behind={behind} />
          <Outlet />
        </>
      ) : (
        <Empty icon={IconLock} title="Not open to your role">
          Ask the owner of your account if you need this.
        </Empty>
      )}
    </Page>
  )
}
