import { Link } from '@tanstack/react-router'
import type { Batch, BatchRow, Collection } from '../../api/types'
import { Status } from '../../ui/status'
import classes from './batches.module.css'
import { deedName, fieldName, rowStateName } from './words'

/** The rows of a batch: what each does, from what to what, and what became of it. */
export function Rows({ batch, rows }: { batch: Batch; rows: BatchRow[] }) {
  const collection = batch.action.split('.')[0] as Collection
  return (
    <table className={classes.rows}>
      <thead>
        <tr>
          <th scope="col">Row</th>
          <th scope="col">Name</th>
          <th scope="col">Changes</th>
          <th scope="col">State</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(row => (
          <tr key={row.number} data-testid="batch-row" data-state={row.state}>
            <td className={classes.number}>{row.line ?? row.number}</td>
            <th scope="row">
              {row.recordId ? (
                <Link to="/$collection/$id" params={{ collection, id: row.recordId }} preload={false}>
                  {row.label}
                </Link>
              ) : (
                row.label || '–'
              )}
              <span className={classes.deed}>{deedName(row.does)}</span>
            </th>
            <td>
              <Changes row={row} />
            </td>
            <td className={classes.rowState}>
              <Status value={row.state} label={rowStateName(row.state)} />
              {row.message && <span className={classes.message}>{row.message}</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function Changes({ row }: { row: BatchRow }) {
  return (
    <>
      <ul className={classes.changes}>
        {row.changes.map(({ field, from, to }) => (
          <li key={field}>
            <span className={classes.field}>{fieldName(field)}</span>{' '}
            {row.does !== 'create' && (
              <>
                <del>{from || 'none'}</del> <span aria-hidden>→</span>{' '}
              </>
            )}
            <ins>{to || 'none'}</ins>
          </li>
        ))}
      </ul>
      {row.warnings.map(warning => (
        <span key={warning} className={classes.caution}>
          {warning}
        </span>
      ))}
    </>
  )
}
