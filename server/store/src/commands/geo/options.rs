//! What a search asks for.

use crate::call::{Call, Fault};
use crate::geo::{Extent, Position, Shape};
use crate::zset::Zset;

use super::arguments::{length, position, unit};

/// What the arguments of a command of this family are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `GEORADIUS`: key, place, radius, unit.
    Radius,
    /// `GEORADIUSBYMEMBER`: key, member, radius, unit.
    RadiusByMember,
    /// `GEOSEARCH`: key.
    Search,
    /// `GEOSEARCHSTORE`: key to store under, key.
    SearchStore,
}

impl Form {
    /// The argument that is the key to be searched.
    pub(super) fn source(self) -> usize {
        if self == Self::SearchStore { 2 } else { 1 }
    }

    fn first_option(self) -> usize {
        match self {
            Self::Radius => 6,
            Self::RadiusByMember => 5,
            Self::Search => 2,
            Self::SearchStore => 3,
        }
    }

    fn is_search(self) -> bool {
        matches!(self, Self::Search | Self::SearchStore)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Nearest,
    Farthest,
}

/// Which option said where a search starts.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum From {
    #[default]
    Nothing,
    Member,
    Place,
}

/// A search.
#[derive(Default)]
pub(super) struct Search<'a> {
    from: From,
    centre: Option<Position>,
    extent: Option<Extent>,
    /// Metres of the unit of distances.
    pub(super) metres: f64,
    pub(super) with_distance: bool,
    pub(super) with_hash: bool,
    pub(super) with_place: bool,
    /// Most results; 0 is no limit.
    pub(super) count: usize,
    /// The first ones that are found will do.
    pub(super) any: bool,
    pub(super) order: Option<Order>,
    /// The key that results are stored under.
    pub(super) target: Option<&'a [u8]>,
    /// Distances are stored, not places.
    pub(super) stores_distance: bool,
}

/// Where a member is that a search starts from. Without a sorted set the arguments are only checked.
fn place_of(zset: Option<&Zset>, member: &[u8]) -> Result<Position, Fault> {
    let Some(zset) = zset else { return Ok(Position { longitude: 0.0, latitude: 0.0 }) };
    let score = zset.score(member).ok_or(Fault::OutOfRange("could not decode requested zset member"))?;
    Ok(Position::of_score(score))
}

impl<'a> Search<'a> {
    /// Reads the arguments. `may_store` is false of the variants that only read.
    pub(super) fn read(call: &Call<'a>, form: Form, may_store: bool, zset: Option<&Zset>) -> Result<Self, Fault> {
        let mut search = Self { metres: 1.0, ..Self::default() };
        match form {
            Form::Radius => {
                search.centre = Some(position(call, 2)?);
                search.read_radius(call, 4)?;
            }
            Form::RadiusByMember if zset.is_some() => {
                search.centre = Some(place_of(zset, call.arg(2))?);
                search.read_radius(call, 3)?;
            }
            Form::SearchStore => search.target = Some(call.arg(1)),
            Form::RadiusByMember | Form::Search => {}
        }
        let mut index = form.first_option();
        while index < call.argc() {
            index += search.read_option(call, index, form, may_store, zset)?;
        }
        search.check(call, form)?;
        Ok(search)
    }

    /// The searched part; without a sorted set there may be none.
    pub(super) fn shape(&self) -> Option<Shape> {
        Some(Shape { centre: self.centre?, extent: self.extent? })
    }

    /// Reads one option. Gives the number of its arguments.
    fn read_option(
        &mut self,
        call: &Call<'a>,
        index: usize,
        form: Form,
        may_store: bool,
        zset: Option<&Zset>,
    ) -> Result<usize, Fault> {
        let flag = if call.is(index, "WITHDIST") {
            &mut self.with_distance
        } else if call.is(index, "WITHHASH") {
            &mut self.with_hash
        } else if call.is(index, "WITHCOORD") {
            &mut self.with_place
        } else if call.is(index, "ANY") {
            &mut self.any
        } else if call.is(index, "STOREDIST") && form == Form::SearchStore {
            &mut self.stores_distance
        } else if form.is_search() {
            return self.read_search_option(call, index, zset);
        } else {
            return self.read_radius_option(call, index, may_store);
        };
        *flag = true;
        Ok(1)
    }

    fn read_common(&mut self, call: &Call<'a>, index: usize) -> Result<usize, Fault> {
        if call.is(index, "ASC") {
            self.order = Some(Order::Nearest);
        } else if call.is(index, "DESC") {
            self.order = Some(Order::Farthest);
        } else if call.is(index, "COUNT") && index + 1 < call.argc() {
            let count = usize::try_from(call.int(index + 1)?).ok().filter(|count| *count > 0);
            self.count = count.ok_or(Fault::OutOfRange("COUNT must be > 0"))?;
            return Ok(2);
        } else {
            return Err(Fault::Syntax);
        }
        Ok(1)
    }

    fn read_radius_option(&mut self, call: &Call<'a>, index: usize, may_store: bool) -> Result<usize, Fault> {
        let stores_distance = call.is(index, "STOREDIST");
        if may_store && index + 1 < call.argc() && (stores_distance || call.is(index, "STORE")) {
            (self.target, self.stores_distance) = (Some(call.arg(index + 1)), stores_distance);
            return Ok(2);
        }
        self.read_common(call, index)
    }

    fn read_search_option(&mut self, call: &Call<'a>, index: usize, zset: Option<&Zset>) -> Result<usize, Fault> {
        let rest = call.argc() - index - 1;
        let is_box = matches!(self.extent, Some(Extent::Box(..)));
        let is_circle = matches!(self.extent, Some(Extent::Radius(_)));
        if rest >= 1 && call.is(index, "FROMMEMBER") && self.from != From::Place {
            self.centre = Some(place_of(zset, call.arg(index + 1))?);
            self.from = From::Member;
            Ok(2)
        } else if rest >= 2 && call.is(index, "FROMLONLAT") && self.from != From::Member {
            self.centre = Some(position(call, index + 1)?);
            self.from = From::Place;
            Ok(3)
        } else if rest >= 2 && call.is(index, "BYRADIUS") && !is_box {
            self.read_radius(call, index + 1)?;
            Ok(3)
        } else if rest >= 3 && call.is(index, "BYBOX") && !is_circle {
            self.read_box(call, index + 1)?;
            Ok(4)
        } else {
            self.read_common(call, index)
        }
    }

    fn read_radius(&mut self, call: &Call<'_>, index: usize) -> Result<(), Fault> {
        let radius = length(call, index, "need numeric radius")?;
        if radius < 0.0 {
            return Err(Fault::OutOfRange("radius cannot be negative"));
        }
        self.metres = unit(call, index + 1)?;
        self.extent = Some(Extent::Radius(radius * self.metres));
        Ok(())
    }

    fn read_box(&mut self, call: &Call<'_>, index: usize) -> Result<(), Fault> {
        let width = length(call, index, "need numeric width")?;
        let height = length(call, index + 1, "need numeric height")?;
        if width < 0.0 || height < 0.0 {
            return Err(Fault::OutOfRange("height or width cannot be negative"));
        }
        self.metres = unit(call, index + 2)?;
        self.extent = Some(Extent::Box(width * self.metres, height * self.metres));
        Ok(())
    }

    fn check(&self, call: &Call<'_>, form: Form) -> Result<(), Fault> {
        let name = String::from_utf8_lossy(call.arg(0));
        if self.target.is_some() && (self.with_distance || self.with_hash || self.with_place) {
            let what = if form == Form::SearchStore { "GEOSEARCHSTORE" } else { "STORE option in GEORADIUS" };
            return Err(Fault::made(format!(
                "ERR {what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
            )));
        }
        if form.is_search() && self.centre.is_none() {
            return Err(Fault::made(format!(
                "ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for {name}"
            )));
        }
        if form.is_search() && self.extent.is_none() {
            return Err(Fault::made(format!("ERR exactly one of BYRADIUS and BYBOX can be specified for {name}")));
        }
        if self.any && self.count == 0 {
            return Err(Fault::OutOfRange("the ANY argument requires COUNT argument"));
        }
        Ok(())
    }
}
