import { ActionIcon, Button, Menu } from '@mantine/core'
import {
  IconDots,
  IconDownload,
  IconFileSpreadsheet,
  IconFileText,
  IconFileTypeCsv,
  IconLink,
  IconRefresh,
  IconTrash,
} from '@tabler/icons-react'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { isWorking, keys } from '../../api/queries'
import { useSubmission } from '../../api/submission'
import type { Report, ReportFormat } from '../../api/types'
import { count, plural } from '../../format/number'
import { daySpan, fullDay } from '../../format/time'
import { useFormat } from '../../format/use-format'
import { useCan, useSession } from '../../session/context'
import { Ago } from '../../ui/ago'
import { Status } from '../../ui/status'
import { tellDone, tellFailed } from '../../ui/toast'
import rows from '../settings/rows.module.css'

const pictures: Record<ReportFormat, typeof IconFileText> = {
  pdf: IconFileText,
  xlsx: IconFileSpreadsheet,
  csv: IconFileTypeCsv,
}

export function ReportRow({ report }: { report: Report }) {
  const session = useSession()
  const queries = useQueryClient()
  const submission = useSubmission()
  const can = useCan()
  const format = useFormat()
  const path = `/api/v1/reports/${encodeURIComponent(report.id)}`
  const reread = () => queries.invalidateQueries({ queryKey: keys.reports })

  const download = useMutation({
    mutationFn: async () => {
      const file = await session.fetch<Blob>(`${path}/file`, { as: 'file' })
      const link = document.createElement('a')
      link.href = URL.createObjectURL(file)
      link.download = `${report.kind}-${report.createdAt.slice(0, 10)}.${report.format}`
      link.click()
      URL.revokeObjectURL(link.href)
    },
    onError: error => tellFailed('The file could not be fetched', error),
  })
  const cancel = useMutation({
    mutationFn: () => session.fetch<Report>(`${path}/cancel`, { method: 'POST' }),
    onError: error => tellFailed('The report was not cancelled', error),
    // Also when it failed: it may have been done by then.
    onSettled: reread,
  })
  const again = useMutation({
    mutationFn: () =>
      session.fetch<Report>(`${path}/rerun`, { method: 'POST', idempotencyKey: submission.keyOf(path) }),
    onError: error => tellFailed('The report was not made again', error),
    onSettled: (_, error) => {
      submission.settled(error ?? undefined)
      return reread()
    },
  })
  const share = useMutation({
    mutationFn: async () => {
      const { url, expiresAt } = await session.fetch<{ url: string; expiresAt: string }>(`${path}/link`, {
        method: 'POST',
      })
      await navigator.clipboard.writeText(url)
      return expiresAt
    },
    onSuccess: expiresAt =>
      tellDone(
        `The link is copied. Whoever has it can download the file until ${format.dateTime(expiresAt)}.`,
      ),
    onError: error => tellFailed('The link could not be copied', error),
  })
  const remove = useMutation({
    mutationFn: () => session.fetch(path, { method: 'DELETE' }),
    onError: error => tellFailed('The report was not deleted', error),
    onSettled: reread,
  })

  const { title, state } = report
  const working = isWorking(report)
  const Picture = pictures[report.format]
  const span =
    report.from && report.to
      ? report.from === report.to
        ? fullDay(report.from)
        : daySpan(report.from, report.to)
      : `As of ${format.dateTime(report.createdAt)}`
  return (
    <li className={rows.row} data-off={state === 'cancelled' || undefined}>
      <span className={rows.lead}>
        <Picture size={22} stroke={1.5} aria-hidden />
      </span>
      <div className={rows.main}>
        <div className={rows.title}>
          <span className={rows.name}>{title}</span>
          {state !== 'done' && <Status value={state} label={labels[state]} />}
        </div>
        <div className={rows.about} role={working ? 'status' : undefined}>
          {span}
          {working &&
            ` · ${count(report.read)} ${report.expected ? `of ${count(report.expected)} ` : ''}records read`}
          {state === 'done' && ` · ${plural(report.rows, 'row')} · ${size(report.bytes)}`}
          {state === 'failed' && ` · ${report.failure ?? 'It could not be made.'}`}
        </div>
      </div>
      <div className={rows.facts}>
        <Ago time={report.createdAt} />
        <span>
          {report.format.toUpperCase()}
          {state === 'done' && ` · until ${format.date(report.expiresAt)}`}
        </span>
      </div>
      <div className={rows.actions}>
        {state === 'done' && (
          <Button
            variant="default"
            size="xs"
            leftSection={<IconDownload size={14} aria-hidden />}
            loading={download.isPending}
            onClick={() => download.mutate()}
            aria-label={`Download ${title}`}
          >
            Download
          </Button>
        )}
        {working && can('report:make') && (
          <Button
            variant="subtle"
            color="gray"
            size="xs"
            loading={cancel.isPending}
            onClick={() => cancel.mutate()}
            aria-label={`Cancel ${title}`}
          >
            Cancel
          </Button>
        )}
        {can('report:make') && !working && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="subtle" color="gray" aria-label={`More of ${title}`}>
                <IconDots size={18} stroke={1.6} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconRefresh size={16} stroke={1.6} />} onClick={() => again.mutate()}>
                Make it again
              </Menu.Item>
              {state === 'done' && (
                <Menu.Item leftSection={<IconLink size={16} stroke={1.6} />} onClick={() => share.mutate()}>
                  Copy a link
                </Menu.Item>
              )}
              <Menu.Item
                color="red"
                leftSection={<IconTrash size={16} stroke={1.6} />}
                onClick={() => remove.mutate()}
              >
                Delete
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
    </li>
  )
}

const labels: Record<Report['state'], string> = {
  queued: 'Waiting',
  running: 'Being made',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Cancelled',
}

/** A file's size, as people read it. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
