import { Button, Menu } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type AuditFilter, auditExportsQuery, keys } from '../../../api/queries'
import { useSubmission } from '../../../api/submission'
import type { AuditExport } from '../../../api/types'
import { useSession } from '../../../session/context'
import { tellFailed } from '../../../ui/toast'
import classes from './audit.module.css'

/** Makes a file of what the page shows, and gives it when it is ready. */
export function ExportLog({ filter }: { filter: AuditFilter }) {
  const session = useSession()
  const queries = useQueryClient()
  const submission = useSubmission()
  const newest = useQuery(auditExportsQuery(session)).data?.items[0]
  const make = useMutation({
    mutationFn: (format: AuditExport['format']) => {
      const body = { ...filter, format }
      return session.fetch<AuditExport>('/api/v1/audit/exports', {
        method: 'POST',
        body,
        idempotencyKey: submission.keyOf(body),
      })
    },
    onSettled: (_, error) => submission.settled(error ?? undefined),
    onSuccess: () => queries.invalidateQueries({ queryKey: keys.auditExports }),
    onError: error => tellFailed('The log was not exported', error),
  })
  const download = useMutation({
    mutationFn: async ({ id, format, createdAt }: AuditExport) => {
      const file = await session.fetch<Blob>(`/api/v1/audit/exports/${encodeURIComponent(id)}/content`, {
        as: 'file',
      })
      const link = document.createElement('a')
      link.href = URL.createObjectURL(file)
      link.download = `audit-log-${createdAt.slice(0, 10)}.${format}`
      link.click()
      URL.revokeObjectURL(link.href)
    },
    onError: error => tellFailed('The file could not be fetched', error),
  })
  const cancel = useMutation({
    mutationFn: ({ id }: AuditExport) =>
      session.fetch<AuditExport>(`/api/v1/audit/exports/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    onError: error => tellFailed('The export was not cancelled', error),
    // Also when it failed: it may have been done by then.
    onSettled: () => queries.invalidateQueries({ queryKey: keys.auditExports }),
  })
  const working = newest?.state === 'queued' || newest?.state === 'running'
  return (
    <div className={classes.cause}>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button variant="default" size="xs" loading={make.isPending} disabled={working}>
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => make.mutate('csv')}>For a spreadsheet (CSV)</Menu.Item>
          <Menu.Item onClick={() => make.mutate('jsonl')}>With proofs (JSON lines)</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {working && (
        <>
          <span role="status">{`Exporting: ${percent(newest)} %`}</span>
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            aria-label="Cancel the export"
            loading={cancel.isPending}
            onClick={() => cancel.mutate(newest)}
          >
            Cancel
          </Button>
        </>
      )}
      {newest?.state === 'cancelled' && <span role="status">The export was cancelled.</span>}
      {newest?.state === 'failed' && <span role="status">{newest.failure}</span>}
      {newest?.state === 'done' && (
        <Button
          variant="default"
          size="xs"
          leftSection={<IconDownload size={14} aria-hidden />}
          loading={download.isPending}
          onClick={() => download.mutate(newest)}
        >
          Download {newest.format.toUpperCase()}
        </Button>
      )}
    </div>
  )
}

/** How much of an export is done; the total is about right only, so it is full when it is done and not before. */
export function percent({ done, total }: Pick<AuditExport, 'done' | 'total'>): number {
  return total > 0 ? Math.min(99, Math.floor((100 * done) / total)) : 0
}
