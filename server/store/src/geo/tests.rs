use proptest::prelude::*;

use super::*;

const PALERMO: Position = Position { longitude: 13.361389, latitude: 38.115556 };
const CATANIA: Position = Position { longitude: 15.087269, latitude: 37.502669 };

#[test]
fn scores_and_geohashes_are_those_of_redis() {
    assert_eq!(PALERMO.score(), 3_479_099_956_230_698.0);
    assert_eq!(CATANIA.score(), 3_479_447_370_796_909.0);
    let letters = |place: Position| String::from_utf8(Position::of_score(place.score()).geohash().to_vec()).unwrap();
    assert_eq!((letters(PALERMO).as_str(), letters(CATANIA).as_str()), ("sqc8b49rny0", "sqdtr74hyu0"));
    let distance = Position::of_score(PALERMO.score()).distance_m(Position::of_score(CATANIA.score()));
    assert_eq!(format!("{distance:.4}"), "166274.1516");
}

fn place() -> impl Strategy<Value = Position> {
    (-180.0..=180.0, -85.05..=85.05).prop_map(|(longitude, latitude)| Position { longitude, latitude })
}

fn extent() -> impl Strategy<Value = Extent> {
    prop_oneof![
        (0.0..7.0f64).prop_map(|power| Extent::Radius(10f64.powf(power))),
        (0.0..6.5f64, 0.0..6.5f64).prop_map(|(width, height)| Extent::Box(10f64.powf(width), 10f64.powf(height))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    /// A score names a place less than a metre away.
    #[test]
    fn a_score_is_a_place(place in place()) {
        let known = Position::of_score(place.score());
        prop_assert!(known.distance_m(place) < 1.0);
        prop_assert_eq!(known.score(), place.score());
    }

    /// No range of scores is looked at twice, and a place within a small shape away from the poles and the date line is always found.
    #[test]
    fn places_within_are_covered(centre in place(), extent in extent(), east in -1.0..1.0f64, north in -1.0..1.0f64) {
        let shape = Shape { centre, extent };
        let ranges = cover(&shape);
        for (index, range) in ranges.iter().enumerate() {
            prop_assert!(range.start < range.end);
            prop_assert!(ranges[..index].iter().all(|other| other != range));
        }
        let reach = shape.bounds();
        let near = Position {
            longitude: centre.longitude + (reach.east - centre.longitude) * east,
            latitude: centre.latitude + (reach.north - centre.latitude) * north,
        };
        let is_ordinary = shape.reach_m() < 1_000_000.0 && centre.latitude.abs() < 60.0 && reach.east < 180.0 && reach.west > -180.0;
        if is_ordinary && near.is_valid() && shape.distance_m(near).is_some() {
            prop_assert!(ranges.iter().any(|range| range.contains(&near.score())));
        }
    }
}
