import { Select, type SelectProps } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { jobberUsersQuery } from '../../../api/queries'
import { useSession } from '../../../session/context'

interface Props extends Pick<SelectProps, 'description' | 'error'> {
  value: string | null
  onChange: (id: string | null) => void
  autofocus?: boolean
}

/** One of the people in Jobber. */
export function PersonSelect({ value, onChange, autofocus = false, ...rest }: Props) {
  const people = useQuery(jobberUsersQuery(useSession()))
  const data = (people.data ?? []).map(person => ({
    value: person.id,
    label: person.teamName ? `${person.name} · ${person.teamName}` : person.name,
  }))
  // Somebody who is no longer in Jobber has no name to show.
  if (people.data && value && !data.some(option => option.value === value)) {
    data.push({ value, label: 'Somebody who is no longer in Jobber' })
  }
  return (
    <Select
      label="Person in Jobber"
      placeholder={people.isPending ? 'Loading…' : 'Nobody'}
      data={data}
      value={value}
      onChange={onChange}
      searchable
      clearable
      clearButtonProps={{ 'aria-label': 'Nobody' }}
      nothingFoundMessage={people.isError ? 'The people could not be loaded.' : 'Nobody by that name'}
      comboboxProps={{ withinPortal: true }}
      maxDropdownHeight={240}
      data-autofocus={autofocus || undefined}
      {...rest}
    />
  )
}
