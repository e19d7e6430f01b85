"""Bands of ages: the coarsest that mandates tell apart, so that nobody is lent to or refused who would not be by their years."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.funding.requests import ON, SHIPPED, request

from loanbook.funding.ages import AGE_MOST, age_band
from loanbook.funding.eligibility import eligible
from loanbook.funding.mandate_table import asked, mandate_table

MANDATES = tuple(SHIPPED.values())


def test_bands_part_all_ages_and_are_cut_at_limits_alone():
    bands = [age_band(MANDATES, age) for age in range(AGE_MOST + 1)]
    assert all(least <= age <= most for age, (least, most) in enumerate(bands))
    limits = {
        edge for each in MANDATES if each.eligibility.ages for edge in (each.eligibility.ages[0], each.eligibility.ages[1] + 1)
    }
    assert {least for least, _ in bands} == limits | {0}
    assert age_band([], 37) == (0, AGE_MOST)


@settings(max_examples=200)
@given(age=st.integers(0, AGE_MOST))
def test_a_band_is_taken_by_the_mandates_that_take_the_age(age):
    table = mandate_table(MANDATES, ON)
    least, most = age_band(table.mandates, age)
    exact, band = request(age=age), request(age=least, age_most=most)
    assert np.array_equal(eligible(table, asked(table, [exact])), eligible(table, asked(table, [band])))


@settings(max_examples=200)
@given(band=st.tuples(st.integers(0, AGE_MOST), st.integers(0, AGE_MOST)).map(sorted))
def test_a_mandate_takes_a_band_only_when_it_takes_every_age_of_it(band):
    table = mandate_table(MANDATES, ON)
    least, most = band
    found = eligible(table, asked(table, [request(age=least, age_most=most)]))[0]
    ages = eligible(table, asked(table, [request(age=age) for age in range(least, most + 1)]))
    assert np.array_equal(found, ages.all(axis=0))
