import { Alert, Button, Skeleton } from '@mantine/core'
import { IconPlugConnected } from '@tabler/icons-react'
import { useMutation, useQuery } from '@tanstack/react-query'
import { ApiError } from '../../api/problem'
import { syncQuery } from '../../api/queries'
import { useSubmission } from '../../api/submission'
import type { SyncStatus } from '../../api/types'
import { useCan, useSession } from '../../session/context'
import { ConnectionIndicator } from '../../ui/connection'
import { Failure } from '../../ui/failure'
import { Page } from '../../ui/page'
import { Panel } from '../../ui/panel'
import { Status } from '../../ui/status'
import { Collections } from './collections'
import classes from './connect.module.css'

export function Connect() {
  const session = useSession()
  const sync = useQuery(syncQuery(session))
  return (
    <Page title="Jobber connection" tools={<ConnectionIndicator />}>
      {sync.data ? (
        <>
          <ConnectionPanel status={sync.data} />
          {sync.data.collections.length > 0 && <Collections status={sync.data} />}
        </>
      ) : sync.isError ? (
        <Failure error={sync.error} onRetry={() => void sync.refetch()} />
      ) : (
        <Skeleton height={120} radius={8} />
      )}
    </Page>
  )
}

const told: Record<SyncStatus['connection']['state'], { label: string; text: string }> = {
  connected: {
    label: 'Connected',
    text: 'Fieldboard reads from Jobber and follows its changes. It never writes to Jobber.',
  },
  disconnected: {
    label: 'Not connected',
    text: 'Connect your Jobber account to copy your business to Fieldboard. It only reads; nothing in Jobber changes.',
  },
  broken: {
    label: 'Connection lost',
    text: 'Jobber no longer accepts Fieldboard’s access. Connect again to go on; what was copied stays.',
  },
}

function ConnectionPanel({ status }: { status: SyncStatus }) {
  const session = useSession()
  const can = useCan()
  const { state, jobberAccount } = status.connection
  const account = jobberAccount?.name
  const submission = useSubmission()
  const { label, text } = told[state]
  const connect = useMutation({
    mutationFn: () =>
      session.fetch<{ url: string }>('/api/v1/jobber/authorizations', {
        method: 'POST',
        idempotencyKey: submission.keyOf('authorize'),
      }),
    onSuccess: ({ url }) => {
      submission.settled()
      window.location.assign(url)
    },
    onError: error => submission.settled(error),
  })

  return (
    <Panel title="Connection" aside={<Status value={state} label={label} />}>
      <div className={classes.connection}>
        <div className={classes.text}>
          {state === 'connected' && account && <p className={classes.account}>{account}</p>}
          <p className={classes.muted}>{text}</p>
          {!can('jobber:connect') && state !== 'connected' && (
            <p className={classes.muted}>Only the owner of your Fieldboard account can connect it.</p>
          )}
        </div>
        {can('jobber:connect') && (
          <Button
            variant={state === 'connected' ? 'default' : 'filled'}
            leftSection={<IconPlugConnected size={16} stroke={1.8} aria-hidden />}
            loading={connect.isPending || connect.isSuccess}
            onClick={() => connect.mutate()}
            data-testid="connect-jobber"
          >
            {state === 'disconnected' ? 'Connect Jobber' : 'Connect again'}
          </Button>
        )}
      </div>
      {connect.isError && (
        <Alert color="red" variant="light" m={16} mt={0} role="alert">
          {connect.error instanceof ApiError && connect.error.unreachable
            ? 'Fieldboard could not be reached. Check your connection and try again.'
            : 'Connecting could not be started. Try again in a moment.'}
        </Alert>
      )}
    </Panel>
  )
}
