/*
One row per North American area code in service. The runner fills it after this file, from a list in the package.

kind: input
key: country_code, area_code

country_code: ISO 3166 alpha-2 country of the area code.
area_code: Area code, three digits.
area_state: Code of the state or province of the area code, such as IL or ON. Null outside the United States and Canada,
    for area codes of several provinces, and for numbers without an area code.
place: City, state, province or island of the area code, such as "Chicago, IL" or "Wyoming". Null outside North America
    and for numbers without an area code.
*/
select
    cast(null as varchar) as country_code,
    cast(null as varchar) as area_code,
    cast(null as varchar) as place,
    cast(null as varchar) as area_state,
where false
