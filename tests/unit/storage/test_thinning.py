"""Which records get a point in TensorBoard's own dashboards."""

from tb_activation_hist.storage.thinning import Thinning


def test_points_are_even_then_thinned_by_doubling():
    thinning = Thinning(8, stride=1)
    due = [index for index in range(33) if thinning.next()]
    assert due == [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32]


def test_points_start_with_the_first_record_and_keep_their_stride():
    thinning = Thinning(8, stride=2)
    assert [index for index in range(17) if thinning.next()] == [0, 2, 4, 6, 8, 12, 16]


def test_no_points():
    thinning = Thinning(0, stride=1)
    assert not any(thinning.next() for _ in range(10))
