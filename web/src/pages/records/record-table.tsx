import { Checkbox } from '@mantine/core'
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import type { Collection, RecordTypes } from '../../api/types'
import { useFormat } from '../../format/use-format'
import { capital, nounOf } from '../../format/words'
import classes from './record-table.module.css'
import type { Selection } from './selection'
import type { Column } from './spec'
import { anySpecOf } from './specs'

export interface ViewProps {
  collection: Collection
  records: RecordTypes[Collection][]
  finance: boolean
  sort: string
  onSort?: ((sort: string) => void) | undefined
  /** What is selected; none where nothing can be done with a selection. */
  selection?: Selection | undefined
}

export function RecordTable({ collection, records, finance, sort, onSort, selection }: ViewProps) {
  const format = useFormat()
  const spec = anySpecOf(collection)
  const columns = spec.columns.filter(column => finance || !column.finance)
  const nameSort = collection === 'clients' ? 'name' : undefined
  return (
    <div className={classes.scroll}>
      <table className={classes.table}>
        <thead>
          <tr>
            {selection && (
              <th scope="col" className={classes.check}>
                <Checkbox
                  size="xs"
                  aria-label={`Select all ${nounOf(collection).many} that are shown`}
                  checked={selection.isAll(records)}
                  indeterminate={!selection.isAll(records) && selection.ids.length > 0}
                  onChange={() => selection.toggleAll(records)}
                />
              </th>
            )}
            <Header
              column={{ header: capital(nounOf(collection).one), sort: nameSort }}
              sort={sort}
              onSort={onSort}
            />
            {columns.map(column => (
              <Header key={column.header} column={column} sort={sort} onSort={onSort} />
            ))}
          </tr>
        </thead>
        <tbody>
          {records.map(record => (
            <tr
              key={record.id}
              data-testid="record-row"
              data-entity={record.id}
              data-selected={selection?.has(record.id) || undefined}
            >
              {selection && (
                <td className={classes.check}>
                  <Checkbox
                    size="xs"
                    aria-label={`Select ${spec.name(record, format)}`}
                    checked={selection.has(record.id)}
                    onChange={() => selection.toggle(record.id)}
                  />
                </td>
              )}
              <th scope="row">
                <Link
                  from="/$collection"
                  to="/$collection/$id"
                  params={{ collection, id: record.id }}
                  search={known => known}
                  className={classes.name}
                  preload={false}
                  resetScroll={false}
                >
                  {spec.name(record, format)}
                </Link>
              </th>
              {columns.map(column => (
                <td
                  key={column.header}
                  data-numeric={column.numeric || undefined}
                  data-wide={column.wideOnly || undefined}
                >
                  {column.cell(record, format) || <span className={classes.none}>–</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

type HeaderColumn = Pick<Column<never>, 'header' | 'sort' | 'downFirst' | 'numeric' | 'wideOnly'>

function Header({
  column,
  sort,
  onSort,
}: {
  column: HeaderColumn
  sort: string
  onSort?: ViewProps['onSort']
}) {
  const attributes = {
    'data-numeric': column.numeric || undefined,
    'data-wide': column.wideOnly || undefined,
  }
  const field = column.sort
  if (!field || !onSort) {
    return (
      <th scope="col" {...attributes}>
        {column.header}
      </th>
    )
  }
  const up = sort === field
  const down = sort === `-${field}`
  const next = up ? `-${field}` : down ? field : column.downFirst ? `-${field}` : field
  return (
    <th scope="col" aria-sort={up ? 'ascending' : down ? 'descending' : 'none'} {...attributes}>
      <button type="button" className={classes.sort} onClick={() => onSort(next)}>
        {column.header}
        {up && <IconArrowUp size={14} stroke={2} aria-hidden />}
        {down && <IconArrowDown size={14} stroke={2} aria-hidden />}
      </button>
    </th>
  )
}
