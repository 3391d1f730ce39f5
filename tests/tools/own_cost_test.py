"""When tools/bench --own-cost calls a difference real."""

import unittest

import load_tools  # noqa: F401  (makes the imports below work)
import own_cost


class VerdictTest(unittest.TestCase):
    def test_six_pairs_of_the_same_sign_are_the_least_that_shows_a_difference(self):
        five, six = [0.8] * 5, [0.8, 0.85, 0.9, 0.8, 0.7, 0.95]
        self.assertIsNone(own_cost.median_interval(five))
        self.assertEqual(own_cost.median_interval(six), (0.7, 0.95))
        self.assertEqual(own_cost.verdict(own_cost.median_interval(six)), "faster")

    def test_an_interval_that_holds_one_shows_none(self):
        ratios = [0.7, 0.8, 0.9, 0.95, 1.02, 1.1, 0.9, 0.85, 1.2, 0.99]
        self.assertEqual(own_cost.verdict(own_cost.median_interval(ratios)), "no difference shown")
        self.assertEqual(own_cost.verdict(None), "too few pairs")
        self.assertEqual(own_cost.verdict((1.01, 1.4)), "slower")


if __name__ == "__main__":
    unittest.main()
